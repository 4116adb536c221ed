// SPDX-License-Identifier: MIT
// Who may open the page (DESIGN 6): tickets, good once and for a minute, and the keys that windows get for them. A key is made from a
// secret in the home, so that a page that is open stays logged in while the node restarts; whoever can read that file has
// the Unix socket as well.
#ifndef PLK_API_DOOR_H
#define PLK_API_DOOR_H

#include "base/bytes.h"
#include "host/fault.h"

#define PLK_DOOR_SECRET_NAME "web-secret" // in the home, 0600
#define PLK_DOOR_SECRET_LEN 32
#define PLK_DOOR_TICKETS_MAX 16 // a newer one takes the place of the oldest
#define PLK_DOOR_TICKET_MS 60000
#define PLK_DOOR_TICKET_LEN 32 // characters, hexadecimal
#define PLK_DOOR_KEY_LEN 96

struct plk_door {
    uint8_t secret[PLK_DOOR_SECRET_LEN];
    struct plk_door_ticket {
        char text[PLK_DOOR_TICKET_LEN]; // its first byte is 0: none
        uint64_t until_ms;
        bool used;
    } tickets[PLK_DOOR_TICKETS_MAX];
    size_t next; // the oldest one's place
};

// Reads the home's secret, or makes one. HOME, FULL, SYSTEM.
enum plk_fault_kind plk_door_open(struct plk_door *door, const char *home, struct plk_fault *fault);

// now_ms: any clock that does not go back.
void plk_door_ticket(struct plk_door *door, uint64_t now_ms, char out[PLK_DOOR_TICKET_LEN + 1]);
bool plk_door_take(struct plk_door *door, uint64_t now_ms, struct plk_bytes ticket); // true once
bool plk_door_was_taken(const struct plk_door *door, struct plk_bytes ticket);

void plk_door_key(const struct plk_door *door, char out[PLK_DOOR_KEY_LEN + 1]);
bool plk_door_knows(const struct plk_door *door, struct plk_bytes key);

#endif
