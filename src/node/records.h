// SPDX-License-Identifier: MIT
// Records of first contact and re-key on stream 0 of an NNpsk0 session (contact/record.h is their codec).
#ifndef PLK_NODE_RECORDS_H
#define PLK_NODE_RECORDS_H

#include "contact/record.h"
#include "node/link.h"

// Dropped when the stream has no room for all of it: the peer repeats what it waits for.
void plk_records_write(struct plk_link *link, enum plk_record_type type, struct plk_bytes content);
void plk_records_refuse(struct plk_link *link, enum plk_record_why why, uint64_t counter);

// The next whole record, borrowed from the stream; *taken is what plk_streams_consume takes for it. False: none yet, or the
// peer broke the rules and the link is closing.
bool plk_records_next(struct plk_node *node, struct plk_link *link, uint8_t *type, struct plk_bytes *content,
                      size_t *taken);

#endif
