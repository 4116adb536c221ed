// SPDX-License-Identifier: MIT
#include "noise/pattern.h"

#define EE "1"
#define ES "2"
#define SE "3"
#define SS "4"

// Sections 7.4 (one way) and 7.5 (interactive): the fundamental patterns, in the order of the text.
static const struct plk_pattern patterns[] = {
    {"N", false, true, {"e" ES}},
    {"K", true, true, {"e" ES SS}},
    {"X", false, true, {"e" ES "s" SS}},
    {"NN", false, false, {"e", "e" EE}},
    {"NK", false, true, {"e" ES, "e" EE}},
    {"NX", false, false, {"e", "e" EE "s" ES}},
    {"KN", true, false, {"e", "e" EE SE}},
    {"KK", true, true, {"e" ES SS, "e" EE SE}},
    {"KX", true, false, {"e", "e" EE SE "s" ES}},
    {"XN", false, false, {"e", "e" EE, "s" SE}},
    {"XK", false, true, {"e" ES, "e" EE, "s" SE}},
    {"XX", false, false, {"e", "e" EE "s" ES, "s" SE}},
    {"IN", false, false, {"es", "e" EE SE}},
    {"IK", false, true, {"e" ES "s" SS, "e" EE SE}},
    {"IX", false, false, {"es", "e" EE SE "s" ES}},
};

// Moves *name past text when it stands there.
static bool skip(const char **name, const char *text) {
    size_t len = strlen(text);
    if (strlen(*name) < len || memcmp(*name, text, len) != 0) return false;
    *name += len;
    return true;
}

static const struct plk_pattern *find_pattern(const char **name) {
    const struct plk_pattern *found = NULL;
    size_t found_len = 0;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        const char *rest = *name;
        if (!skip(&rest, patterns[i].name)) continue;
        size_t len = strlen(patterns[i].name); // NN begins with N: the longest name counts
        if (len > found_len) {
            found = &patterns[i];
            found_len = len;
        }
    }
    *name += found_len;
    return found;
}

bool plk_pattern_find(const char *name, struct plk_pattern_choice *choice) {
    if (!skip(&name, "Noise_")) return false;
    choice->pattern = find_pattern(&name);
    if (choice->pattern == NULL) return false;
    choice->psk_place = -1;
    if (skip(&name, "psk")) {
        unsigned last = plk_pattern_messages(choice->pattern);
        if (*name < '0' || *name > '9' || (unsigned)(*name - '0') > last) return false;
        choice->psk_place = *name - '0';
        name++;
    }
    return skip(&name, "_25519_ChaChaPoly_SHA512") && *name == '\0';
}

unsigned plk_pattern_messages(const struct plk_pattern *pattern) {
    unsigned count = 0;
    while (count < 3 && pattern->messages[count] != NULL) count++;
    return count;
}

void plk_pattern_tokens(const struct plk_pattern *pattern, int psk_place, unsigned message,
                        char tokens[PLK_PATTERN_TOKENS]) {
    plk_assert(message < plk_pattern_messages(pattern));
    const char *base = pattern->messages[message];
    size_t len = 0, base_len = strlen(base);
    if (psk_place == 0 && message == 0) tokens[len++] = PLK_PATTERN_PSK;
    memcpy(tokens + len, base, base_len);
    len += base_len;
    if (psk_place > 0 && (unsigned)psk_place == message + 1) tokens[len++] = PLK_PATTERN_PSK;
    tokens[len] = '\0';
}

bool plk_pattern_sends(const struct plk_pattern *pattern, bool initiator) {
    return initiator || plk_pattern_messages(pattern) > 1;
}

bool plk_pattern_sends_static(const struct plk_pattern *pattern, bool initiator) {
    for (unsigned i = initiator ? 0 : 1; i < plk_pattern_messages(pattern); i += 2) {
        for (const char *token = pattern->messages[i]; *token != '\0'; token++) {
            if (*token == PLK_PATTERN_S) return true;
        }
    }
    return false;
}
