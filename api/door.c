// SPDX-License-Identifier: MIT
#include "api/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "host/entropy.h"
#include "host/home.h"

#define KEY_RANDOM_LEN 16 // of a key; 32 bytes of HMAC follow

static void to_hex(char *out, const uint8_t *at, size_t len) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[at[i] >> 4];
        out[2 * i + 1] = digits[at[i] & 15];
    }
    out[2 * len] = '\0';
}

static bool read_secret(struct plk_door *door, const char *home) {
    char path[PLK_HOME_PATH_MAX + sizeof PLK_DOOR_SECRET_NAME + 1];
    snprintf(path, sizeof path, "%s/" PLK_DOOR_SECRET_NAME, home);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return false;
    ssize_t len = read(fd, door->secret, sizeof door->secret);
    close(fd);
    return len == (ssize_t)sizeof door->secret;
}

enum plk_fault_kind plk_door_open(struct plk_door *door, const char *home, struct plk_fault *fault) {
    *door = (struct plk_door){.next = 0};
    if (read_secret(door, home)) return PLK_FAULT_NONE;
    plk_entropy_bytes(door->secret, sizeof door->secret);
    return plk_home_replace(home, PLK_DOOR_SECRET_NAME, plk_bytes(door->secret, sizeof door->secret), fault);
}

// ---- tickets ----------------------------------------------------------------------------------------------------------

void plk_door_ticket(struct plk_door *door, uint64_t now_ms, char out[PLK_DOOR_TICKET_LEN + 1]) {
    uint8_t random[PLK_DOOR_TICKET_LEN / 2];
    struct plk_door_ticket *ticket = &door->tickets[door->next];
    door->next = (door->next + 1) % PLK_DOOR_TICKETS_MAX;
    plk_entropy_bytes(random, sizeof random);
    to_hex(out, random, sizeof random);
    memcpy(ticket->text, out, sizeof ticket->text);
    ticket->until_ms = now_ms + PLK_DOOR_TICKET_MS;
    ticket->used = false;
}

static bool is_it(const struct plk_door_ticket *ticket, struct plk_bytes text) {
    return ticket->text[0] != '\0' && text.len == sizeof ticket->text &&
           plk_crypto_equal(ticket->text, text.at, text.len);
}

bool plk_door_take(struct plk_door *door, uint64_t now_ms, struct plk_bytes text) {
    for (size_t i = 0; i < PLK_DOOR_TICKETS_MAX; i++) {
        struct plk_door_ticket *ticket = &door->tickets[i];
        if (!is_it(ticket, text)) continue;
        bool good = !ticket->used && now_ms < ticket->until_ms;
        ticket->used = ticket->used || good;
        return good;
    }
    return false;
}

bool plk_door_was_taken(const struct plk_door *door, struct plk_bytes text) {
    for (size_t i = 0; i < PLK_DOOR_TICKETS_MAX; i++) {
        if (is_it(&door->tickets[i], text)) return door->tickets[i].used;
    }
    return false;
}

// ---- keys -------------------------------------------------------------------------------------------------------------

// The random part's text is what is authenticated.
static void write_mac(const struct plk_door *door, const char *random, char *out) {
    uint8_t mac[PLK_HASH_LEN];
    struct plk_bytes text = plk_bytes(random, (size_t)2 * KEY_RANDOM_LEN);
    plk_hmac(mac, plk_bytes(door->secret, sizeof door->secret), &text, 1);
    to_hex(out, mac, PLK_DOOR_KEY_LEN / 2 - KEY_RANDOM_LEN);
}

void plk_door_key(const struct plk_door *door, char out[PLK_DOOR_KEY_LEN + 1]) {
    uint8_t random[KEY_RANDOM_LEN];
    plk_entropy_bytes(random, sizeof random);
    to_hex(out, random, sizeof random);
    write_mac(door, out, out + (size_t)2 * KEY_RANDOM_LEN);
}

bool plk_door_knows(const struct plk_door *door, struct plk_bytes key) {
    char mac[PLK_DOOR_KEY_LEN + 1];
    if (key.len != PLK_DOOR_KEY_LEN) return false;
    write_mac(door, (const char *)key.at, mac);
    return plk_crypto_equal(mac, key.at + (size_t)2 * KEY_RANDOM_LEN, PLK_DOOR_KEY_LEN - (size_t)2 * KEY_RANDOM_LEN);
}
