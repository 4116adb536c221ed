// SPDX-License-Identifier: MIT
// What proves an owner or a sender at ATTACH (docs/protocol/queue.md, section 1: K). It costs a Diffie-Hellman to make, and all owners
// come at once when a relay has started again, and a wrong proof costs whoever offers it nothing: so both are made once, when the queue
// is, and kept in its row, sealed under a key of the relay's static. Who has that static and the row can make K anyway; who has
// the row only can do nothing with it.
#ifndef PLK_RELAY_PROOF_H
#define PLK_RELAY_PROOF_H

#include "relay/client.h"
#include "relay/queues.h"

// Seals both K into the row, whose public keys are there already; seal: HKDF of the static under PLK_QUEUE_LABEL_PROVES.
void plk_proof_seal(struct plk_queue_row *row, const uint8_t seal[PLK_KEY_LEN], const uint8_t owner[PLK_KEY_LEN],
                    const uint8_t sender[PLK_KEY_LEN]);

// Makes and seals both for the first static, and costs two Diffie-Hellmans. INVALID: a key is none, or both are the same (X25519's
// twins included: they are refused as not canonical); the row is as it was.
enum plk_err plk_proof_make(const struct plk_relay *relay, struct plk_queue_row *row);

// Is the proof of this ATTACH good? *made: an owner's could not be opened (it is damaged, or under another static that was the first
// one then) and is good, and both were made anew: the row is to be written.
bool plk_proof_good(const struct plk_relay *relay, const struct plk_relay_client *client,
                    const struct plk_queue_record *attach, struct plk_queue_row *row, bool *made);

#endif
