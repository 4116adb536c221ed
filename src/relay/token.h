// SPDX-License-Identifier: MIT
// Tokens: who may make queues (queue.md, section 4). A relay keeps their hashes and counts, and of an invite queue whose token
// its guests are charged to; never which token made which queue.
#ifndef PLK_RELAY_TOKEN_H
#define PLK_RELAY_TOKEN_H

#include "base/err.h"
#include "crypto/crypto.h"
#include "wire/queue.h"

#define PLK_TOKEN_HASH_LEN 32
#define PLK_TOKEN_GUEST_QUEUES 32 // of a guest's token
#define PLK_TOKEN_GUESTS_ONCE 1   // of a one-time link
#define PLK_TOKEN_GUESTS_ADDRESS 64
#define PLK_TOKEN_ROW_LEN (1 + 1 + 4 + 4 + PLK_TOKEN_HASH_LEN)
#define PLK_GRANT_ROW_LEN (1 + 1 + PLK_TOKEN_HASH_LEN)

struct plk_token_row {
    bool revoked, guest;
    bool
        contact; // of somebody whom the node beside this relay knows: good as long as that says so (plk_relay_contacts)
    uint32_t allowed;                   // queues; 0: any number
    uint32_t made;                      // and what its guests were given
    uint8_t parent[PLK_TOKEN_HASH_LEN]; // of a guest's; zero: nobody's
};

// What an invite queue may still give.
struct plk_grant_row {
    uint8_t left;
    uint8_t token[PLK_TOKEN_HASH_LEN]; // who is charged; zero: nobody
};

void plk_token_row_encode(uint8_t out[PLK_TOKEN_ROW_LEN], const struct plk_token_row *row);
enum plk_err plk_token_row_decode(struct plk_bytes value, struct plk_token_row *row); // CORRUPT
void plk_grant_row_encode(uint8_t out[PLK_GRANT_ROW_LEN], const struct plk_grant_row *row);
enum plk_err plk_grant_row_decode(struct plk_bytes value, struct plk_grant_row *row); // CORRUPT

// So many more fit under what is allowed.
bool plk_token_has_left(const struct plk_token_row *row, uint32_t count);
bool plk_token_is_nobodys(const uint8_t hash[PLK_TOKEN_HASH_LEN]);

#endif
