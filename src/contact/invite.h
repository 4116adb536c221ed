// SPDX-License-Identifier: MIT
// One's own invites (DESIGN 3.2, 3.3): a row each, from which link, bundle, prekey and psk are derived, and which
// remembers the one blob that spent it. docs/protocol/invite.md, section 5.
#ifndef PLK_CONTACT_INVITE_H
#define PLK_CONTACT_INVITE_H

#include "contact/persona.h"
#include "wire/invite.h"

#define PLK_INVITE_KEY_LEN 4
#define PLK_INVITE_ROW_MAX 128
#define PLK_INVITE_OPEN_MAX 256 // rows of a profile; the caller's to hold
#define PLK_INVITE_LIFE_MS (UINT64_C(30) * 24 * 3600 * 1000)

enum plk_invite_state {
    PLK_INVITE_OPEN = 1,
    PLK_INVITE_SPENT,  // answers its blob with the acceptance; the prekey is gone
    PLK_INVITE_CLOSED, // the acceptance is acknowledged; says USED to whoever comes, until it expires
};

// Secrets: wiped by the owner.
struct plk_invite {
    uint32_t number; // the key, from 1, never reused
    enum plk_link_kind kind;
    enum plk_invite_state state;
    uint8_t secret[32]; // OPEN only: gives psk and prekey; zero afterwards
    uint8_t psk[PLK_INVITE_PSK_LEN];
    uint8_t device[PLK_DEVICE_LEN]; // as in the bundle
    uint64_t sequence;              // as in the bundle
    uint64_t expires_ms;
    uint8_t blob_hash[32]; // SPENT, CLOSED
    uint32_t contact;      // SPENT, CLOSED
    bool relay_only;       // whoever comes by it is reached through one's own relays only; not INLINE
};

void plk_invite_make(struct plk_invite *invite, uint32_t number, enum plk_link_kind kind,
                     const uint8_t device[PLK_DEVICE_LEN], uint64_t now_ms, uint64_t life_ms, struct plk_rng *rng);

// Of an OPEN invite (else a trap): the prekey's secret; and its signed bundle, PLK_BUNDLE_LEN bytes, the same each
// time.
void plk_invite_prekey(const struct plk_invite *invite, uint8_t secret[32]);
void plk_invite_bundle(const struct plk_invite *invite, const struct plk_persona *me, uint8_t out[PLK_BUNDLE_LEN]);

// The text of an OPEN inline invite, without terminator. NO_ADDRESS: places has none that is usable. Places beyond
// PLK_INVITE_PLACES_MAX are left out.
enum plk_err plk_invite_text(const struct plk_invite *invite, const struct plk_persona *me,
                             const struct plk_places *places, char out[PLK_INVITE_LINK_TEXT_MAX], size_t *len);

// The text of an invite that lies on relays: queue is its sid, relays are those that have confirmed queue and cell, count of
// them 1 to PLK_INVITE_RELAYS_MAX. One-time: OPEN, else a trap.
void plk_invite_text_relays(const struct plk_invite *invite, const struct plk_persona *me,
                            const uint8_t queue[PLK_INVITE_QUEUE_LEN], const struct plk_invite_relay *relays,
                            uint8_t count, char out[PLK_INVITE_LINK_TEXT_MAX], size_t *len);

// Content of the invite queue's overwritable cell (docs/protocol/queue.md, section 5): {1, bundle} or {2, H(blob) that spent
// it}. decode: MALFORMED; bytes is the bundle or the hash, borrowed.
#define PLK_INVITE_CELL_MAX (1 + PLK_BUNDLE_MAX)
enum plk_invite_cell { PLK_INVITE_CELL_OPEN = 1, PLK_INVITE_CELL_USED };
size_t plk_invite_cell_encode(uint8_t out[PLK_INVITE_CELL_MAX], enum plk_invite_cell kind, struct plk_bytes bytes);
enum plk_err plk_invite_cell_decode(struct plk_bytes content, enum plk_invite_cell *kind, struct plk_bytes *bytes);

// The psk of the inline invite's NNpsk0 session, HKDF(psk of the link); its hint key is derived from this one
// (session/hint.h). Both sides.
void plk_invite_session_psk(uint8_t out[32], const uint8_t psk[PLK_INVITE_PSK_LEN]);

// A blob has come for this invite. OK: new, go on with plk_first_open. REPLAYED: the blob that spent it: repeat the
// acceptance. USED: a different one, or the invite is closed. EXPIRED: an OPEN invite past its time.
enum plk_err plk_invite_meet(const struct plk_invite *invite, const uint8_t blob_hash[32], uint64_t now_ms);

// Joiner's blob was opened: secret is erased, unless it is an address link, which is never spent (trap).
void plk_invite_spend(struct plk_invite *invite, const uint8_t blob_hash[32], uint32_t contact);
void plk_invite_close(struct plk_invite *invite); // no effect unless SPENT

// May the row be deleted? A SPENT invite stays until it is closed; the others until they expire.
bool plk_invite_is_over(const struct plk_invite *invite, uint64_t now_ms);

// The row of table invite; its key is number u32. decode: CORRUPT, *invite untouched.
void plk_invite_key(uint8_t out[PLK_INVITE_KEY_LEN], uint32_t number);
void plk_invite_encode(struct plk_writer *w, const struct plk_invite *invite);
enum plk_err plk_invite_decode(struct plk_bytes key, struct plk_bytes value, struct plk_invite *invite);

#endif
