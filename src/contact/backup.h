// SPDX-License-Identifier: MIT
// The sealed backup (DESIGN 3.4, 6): all that a new device needs to be this person to every contact again, under a
// key that the seed derives. Never ratchet state, never history. docs/protocol/rekey.md, section 7.
#ifndef PLK_CONTACT_BACKUP_H
#define PLK_CONTACT_BACKUP_H

#include "base/buf.h"
#include "contact/invite.h"
#include "contact/profile.h"
#include "contact/recovery.h"
#include "wire/table.h"

#define PLK_BACKUP_MAX (16u << 20) // bytes, sealed
#define PLK_BACKUP_CONTACTS_MAX 16384

struct plk_backup_contact {
    uint32_t contact;                           // its number on the old device; only orders and names them in here
    struct plk_bytes name, profile_name, about; // borrowed
    bool verified, blocked, renamed, relay_only;
    uint64_t created_ms;
    struct plk_places places; // last known
    struct plk_bytes queues;  // the contact's, wire/queue_list.h; borrowed; empty: none are known
    struct plk_recovery recovery;
};

enum plk_backup_part {
    PLK_BACKUP_END,
    PLK_BACKUP_CONTACT,
    PLK_BACKUP_INVITE,
    PLK_BACKUP_RELAY,
    PLK_BACKUP_QUEUE,
    PLK_BACKUP_PREKEY,
    PLK_BACKUP_AVATAR, // the profile's picture: a row of table profile
};

// Writing: begin, contacts, invites and rows in any order, seal. *buf is the backup; owned by the caller.
void plk_backup_begin(struct plk_mem *mem, struct plk_buf *buf, const struct plk_profile *profile, uint64_t now_ms);
void plk_backup_put_contact(struct plk_mem *mem, struct plk_buf *buf, const struct plk_backup_contact *contact);
void plk_backup_put_invite(struct plk_mem *mem, struct plk_buf *buf, const struct plk_invite *invite);
// A row of table relay, queue or invite (contact/prekey.h), or of the profile's picture, as it is: RELAY, QUEUE, PREKEY, AVATAR. A contact's queue, and a blob that was met,
// name it by its number on this device.
void plk_backup_put_row(struct plk_mem *mem, struct plk_buf *buf, enum plk_backup_part part, struct plk_bytes key,
                        struct plk_bytes value);
// LIMIT: over PLK_BACKUP_MAX; *buf is then freed.
enum plk_err plk_backup_seal(struct plk_mem *mem, struct plk_buf *buf, const uint8_t seed[PLK_SEED_LEN],
                             struct plk_rng *rng);

struct plk_backup_item {
    enum plk_backup_part part;
    struct plk_backup_contact contact;
    struct plk_invite invite;
    struct plk_row row; // RELAY, QUEUE, PREKEY, AVATAR; borrowed
};

// An open backup. Secrets: plk_backup_free wipes.
struct plk_backup {
    struct plk_profile profile; // with the old device id, which a re-key names as replaced
    uint64_t made_ms;
    struct plk_buf text;
    struct plk_reader reader; // over text
};

// Opens and checks all of it. MALFORMED: not a backup; CUT_OFF; TOO_NEW; FORGED: of another seed, or damaged; LIMIT.
// *backup is written on OK only, and is then the caller's to free.
enum plk_err plk_backup_open(struct plk_mem *mem, struct plk_bytes sealed, const uint8_t seed[PLK_SEED_LEN],
                             struct plk_backup *backup);
// One item after the other, PLK_BACKUP_END at last; borrows from backup. Its order is that in which they were put.
void plk_backup_next(struct plk_backup *backup, struct plk_backup_item *item);
void plk_backup_free(struct plk_mem *mem, struct plk_backup *backup);

#endif
