// SPDX-License-Identifier: MIT
// The queues that one side of a contact hands to the other: where it is written to while it does not answer (DESIGN 3.7;
// docs/protocol/queue.md, section 6). Value of a payload's `queues` (first-contact.md) and of a QUEUES message.
//
//   count u8, then: relay's static 32 | host length u8 | host | port u16 | sid 16 | sender's secret 32 | envelope key 32
#ifndef PLK_WIRE_QUEUE_LIST_H
#define PLK_WIRE_QUEUE_LIST_H

#include "wire/queue.h"
#include "wire/relay_name.h"

#define PLK_QUEUE_LIST_OFFERS_MAX 4
#define PLK_QUEUE_LIST_LEN_MAX 1024 // PLK_PAYLOAD_QUEUES_MAX

struct plk_queue_offer {
    uint8_t relay[PLK_QUEUE_KEY_LEN];
    uint8_t host_len;
    char host[PLK_RELAY_HOST_MAX]; // not terminated
    uint16_t port;
    uint8_t sid[PLK_QUEUE_ID_LEN];
    uint8_t sender[PLK_QUEUE_KEY_LEN]; // X25519 secret
    uint8_t envelope[PLK_QUEUE_KEY_LEN];
};

// Secrets: wiped by the owner.
struct plk_queue_list {
    uint8_t count;
    struct plk_queue_offer at[PLK_QUEUE_LIST_OFFERS_MAX];
};

void plk_queue_list_encode(struct plk_writer *w, const struct plk_queue_list *list);
// MALFORMED: more than there may be, a host or port that cannot be, bytes that are left. *list is written on OK only.
enum plk_err plk_queue_list_decode(struct plk_bytes bytes, struct plk_queue_list *list);

#endif
