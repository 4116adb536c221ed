// SPDX-License-Identifier: MIT
// Small packets that are to open a way through two NATs of which at least one gives each flow another port: which leave when, from
// which socket and to where (docs/design/paths.md, "Hard NATs"). What is in them, and what comes of them, is the owner's business.
#ifndef PLK_PATH_VOLLEY_H
#define PLK_PATH_VOLLEY_H

#include "base/addr.h"
#include "base/time.h"
#include "crypto/rng.h"

#define PLK_VOLLEY_TARGETS 4
#define PLK_VOLLEY_SOCKETS 256  // of the birthday method
#define PLK_VOLLEY_GUESSES 2048 // random ports that are tried at most
#define PLK_VOLLEY_GUESS_PORT_LOW 1024
#define PLK_VOLLEY_GUESS_US (5 * PLK_MS) // between two of them: 200 a second
#define PLK_VOLLEY_OPEN_US (10 * PLK_MS) // between two bursts of openers
#define PLK_VOLLEY_OPEN_BURST 8

enum plk_volley_kind {
    PLK_VOLLEY_AIM, // from the bound socket to addresses that were predicted for the peer
    PLK_VOLLEY_OPEN, // from one socket, so that our NAT lets in what comes from there: first packets that die soon, then others
    PLK_VOLLEY_SCATTER, // the same from many sockets
    PLK_VOLLEY_GUESS,   // from the bound socket to random ports of the first target
};

struct plk_volley {
    enum plk_volley_kind kind;
    struct plk_addr targets[PLK_VOLLEY_TARGETS];
    unsigned target_count; // 0: nothing leaves
    uint32_t first_socket; // the others have the numbers after it
    unsigned socket_count;
    uint8_t hops;   // OPEN: of the first packets
    unsigned round; // rounds that are over
    unsigned sent;  // in this one
    uint64_t began_us, paced_us;
};

struct plk_volley_shot {
    uint32_t socket;
    struct plk_addr to;
    uint8_t hops; // 0: as many as the system gives
};

// targets: copied, the first PLK_VOLLEY_TARGETS of them. From the bound socket: for OPEN and SCATTER the owner sets first_socket,
// socket_count and hops then.
void plk_volley_begin(struct plk_volley *v, enum plk_volley_kind kind, const struct plk_addr *targets, unsigned count,
                      uint64_t now_us);
// The next packet that is due. false: none is now.
bool plk_volley_next(struct plk_volley *v, struct plk_rng *rng, uint64_t now_us, struct plk_volley_shot *shot);
uint64_t plk_volley_deadline(const struct plk_volley *v); // PLK_NEVER: nothing more will leave

#endif
