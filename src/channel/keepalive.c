// SPDX-License-Identifier: MIT
#include "channel/keepalive.h"

// A channel counts milliseconds.
static uint64_t whole_ms(uint64_t us) { return us / PLK_MS * PLK_MS; }

void plk_keepalive_begin(struct plk_keepalive *k) {
    *k = (struct plk_keepalive){.interval_us = PLK_KEEPALIVE_FIRST_US, .ceiling_us = PLK_NEVER};
}

void plk_keepalive_channel(struct plk_keepalive *k, uint64_t now_us) {
    k->challenged = k->missed = 0;
    k->asked_us = now_us;
}

static void shorten(struct plk_keepalive *k) {
    k->ceiling_us = k->interval_us;
    k->interval_us = whole_ms(k->interval_us * 7 / 10);
    if (k->interval_us < PLK_KEEPALIVE_FIRST_US) k->interval_us = PLK_KEEPALIVE_FIRST_US;
    k->good = 0;
}

static bool lengthen(struct plk_keepalive *k) {
    uint64_t longer_us = whole_ms(k->interval_us * 3 / 2);
    if (++k->good < PLK_KEEPALIVE_GOOD || longer_us >= k->ceiling_us || longer_us > PLK_KEEPALIVE_MAX_US) return false;
    if (longer_us > PLK_KEEPALIVE_BLIND_US && longer_us > 2 * k->borne_us) return false;
    k->interval_us = longer_us;
    k->good = 0;
    return true;
}

bool plk_keepalive_learn(struct plk_keepalive *k, const struct plk_keepalive_seen *seen) {
    if (seen->borne_us > k->borne_us) k->borne_us = seen->borne_us;
    if (seen->challenged != k->challenged || seen->missed != k->missed) {
        k->challenged = seen->challenged;
        k->missed = seen->missed;
        shorten(k);
        return true;
    }
    if (seen->asked_us == k->asked_us) return false;
    bool was_silent = seen->asked_us - k->asked_us >= k->interval_us; // nothing else kept the NAT awake
    k->asked_us = seen->asked_us;
    return was_silent && lengthen(k);
}
