// SPDX-License-Identifier: MIT
// A link that was opened and leads to its inviter through relays: what is kept, in one row of table blob, until the acceptance has
// come (or the link is refused). Before the bundle is there, nothing else is known of the contact. docs/protocol/first-contact.md,
// section 8.
#ifndef PLK_CONTACT_OPENED_H
#define PLK_CONTACT_OPENED_H

#include "wire/invite.h"
#include "wire/row.h"

#define PLK_OPENED_NOTE_MAX (PLK_BODY_MAX + 128) // an envelope; PLK_ENVELOPE_HEAD_MAX
#define PLK_OPENED_ROW_MAX (1 + 8 + 2 + PLK_INVITE_LINK_TEXT_MAX + PLK_OPENED_NOTE_MAX)
#define PLK_OPENED_LIFE_MS (UINT64_C(30) * 24 * 3600 * 1000) // without a bundle: then it is given up

struct plk_opened {
    uint64_t opened_ms;    // wall clock
    struct plk_bytes text; // the link, as plk_invite_link_encode writes it; borrowed
    struct plk_bytes note; // the envelope of a first text that is not in a blob yet; may be empty; borrowed
    bool adopts;           // whoever opened it had no relay that made a queue, and takes over those of the link
};

// version u8 (2: adopts, else 1) | opened u64 | length u16, text | note: the rest
void plk_opened_encode(struct plk_writer *w, const struct plk_opened *opened);
enum plk_err plk_opened_decode(struct plk_bytes value, struct plk_opened *opened); // CORRUPT, *opened untouched

#endif
