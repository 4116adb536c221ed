// SPDX-License-Identifier: MIT
// The connection ids of one session: those that this side has issued and those that the peer has (RFC 9000
// section 5.1, simplified: no tokens, no zero length, "retire prior to" is the peer's own business;
// docs/protocol/session.md, section 7). Each path uses an id of its own, so that nobody outside links two
// paths. Own ids are looked up by the caller, which keeps one map of all live own ids of all sessions.
#ifndef PLK_SESSION_CIDS_H
#define PLK_SESSION_CIDS_H

#include "crypto/rng.h"
#include "wire/greeting.h"

#define PLK_CIDS_LIVE 8  // ids of one side that are issued and not retired
#define PLK_CIDS_SPAN 64 // numbers below the highest known that are still told apart

#define PLK_CIDS_SEQ_MAX ((UINT64_C(1) << 62) - 1) // a varint

struct plk_cid {
    uint64_t seq; // its number, from 0
    uint8_t id[PLK_PACKET_CID_LEN];
    bool live; // in use, or free to be used
    bool used; // peer's ids: some path has it
};

struct plk_cids {
    struct plk_cid own[PLK_CIDS_LIVE];
    struct plk_cid peer[PLK_CIDS_LIVE];
    uint64_t own_next;  // number of the next own id
    uint64_t peer_next; // highest number heard from the peer, plus 1
    uint64_t peer_seen; // bit i: number peer_next - 1 - i was heard
};

// A new session: issues own ids number 0..3 and writes them into the greeting.
void plk_cids_start(struct plk_cids *cids, struct plk_rng *rng, struct plk_greeting *own);

// The peer's first four, from its greeting; its number 0 is used at once (message 2 and the first data
// packets).
void plk_cids_greet(struct plk_cids *cids, const struct plk_greeting *peer);

// Issues one more own id, to be sent as NEW_CID{seq, id}. LIMIT: PLK_CIDS_LIVE are live. The result is
// borrowed.
enum plk_err plk_cids_issue(struct plk_cids *cids, struct plk_rng *rng, const struct plk_cid **issued);

// The peer's RETIRE_CID{seq}: takes that own id out of use; OK again for a copy (then *retired is all zero
// and not live). INVALID: never issued, which an honest peer does not say. *retired is what the caller
// removes from its map.
enum plk_err plk_cids_retired(struct plk_cids *cids, uint64_t seq, struct plk_cid *retired);

// The peer's NEW_CID{seq, id}. OK for a copy. INVALID: the number again with another id, or the id again with
// another number. LIMIT: the peer has issued more than PLK_CIDS_LIVE. Nothing is changed by an error.
enum plk_err plk_cids_learn(struct plk_cids *cids, uint64_t seq, const uint8_t id[PLK_PACKET_CID_LEN]);

// Takes an unused id of the peer, lowest number first, for a new path. NULL: none is left; the path waits for
// NEW_CID.
const struct plk_cid *plk_cids_take(struct plk_cids *cids);

// This side stops using the peer's id (its path is gone); the caller sends RETIRE_CID{seq}. NOT_FOUND: not
// live.
enum plk_err plk_cids_retire(struct plk_cids *cids, uint64_t seq);

const struct plk_cid *plk_cids_peer(const struct plk_cids *cids,
                                    uint64_t seq); // a live id of the peer, or NULL
const struct plk_cid *plk_cids_own_find(const struct plk_cids *cids,
                                        const uint8_t id[PLK_PACKET_CID_LEN]); // or NULL
size_t plk_cids_own_live(const struct plk_cids *cids);
size_t plk_cids_peer_unused(const struct plk_cids *cids);

#endif
