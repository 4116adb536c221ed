// SPDX-License-Identifier: MIT
// The text of an invite link: `peerlink:` and base58 of a sealed-off record (DESIGN 3.2; docs/protocol/invite.md).
//
//   head, the first base58 block: version u8 | suite u8 | flags u8 | kind u8 | length u16, of all bytes | check u16
//   body: psk 16, then by kind
//     one-time: bundle hash 32, queue id 16, relays      address: PeerID 32, queue id 16, relays
//     inline:   bundle (length varint), places
//   CRC-32C u32 over all before it
//
// The head's layout is that of all versions to come. Its own check, and the length in it, tell a cut from a mistype.
#ifndef PLK_WIRE_INVITE_H
#define PLK_WIRE_INVITE_H

#include "wire/bundle.h"
#include "wire/place.h"

#define PLK_INVITE_LINK_SCHEME "peerlink:"
#define PLK_INVITE_LINK_VERSION 1
#define PLK_INVITE_LINK_BYTES_MAX 1440
#define PLK_INVITE_LINK_TEXT_MAX 1989  // of what is written: 9 + base58 of that many bytes
#define PLK_INVITE_LINK_INPUT_MAX 8192 // of what is read, with everything around the link
#define PLK_INVITE_PSK_LEN 16
#define PLK_INVITE_QUEUE_LEN 16
#define PLK_INVITE_RELAYS_MAX 4
#define PLK_INVITE_HOST_MAX 128
#define PLK_INVITE_PLACES_MAX 8
#define PLK_INVITE_FLAGS_CRITICAL 0xf0 // a reader that does not know one of these refuses with TOO_NEW; none is defined

// The values are the wire's. (PLK_INVITE_* in wire/effect.h are the user's wishes.)
enum plk_link_kind { PLK_LINK_KIND_ONE_TIME = 1, PLK_LINK_KIND_ADDRESS = 2, PLK_LINK_KIND_INLINE = 3 };

struct plk_invite_relay {
    uint8_t key[32];
    struct plk_bytes host; // name or address as text; borrowed
    uint16_t port;
};

struct plk_invite_link {
    enum plk_link_kind kind;
    uint8_t flags;
    uint8_t psk[PLK_INVITE_PSK_LEN];
    uint8_t hash[32];                    // one-time: of the bundle; address: PeerID
    uint8_t queue[PLK_INVITE_QUEUE_LEN]; // one-time, address
    uint8_t relay_count;
    struct plk_invite_relay relays[PLK_INVITE_RELAYS_MAX]; // one-time, address
    struct plk_bytes bundle;                               // inline; borrowed
    struct plk_places places;                              // inline; at most PLK_INVITE_PLACES_MAX
};

// Writes the link without terminator; *len says how long it is. Traps on a link that no reader would take.
void plk_invite_link_encode(const struct plk_invite_link *link, char out[PLK_INVITE_LINK_TEXT_MAX], size_t *len);

// Finds a link in what a person pasted, wherever it begins: white space and zero-width characters also inside it (mail
// wraps lines), quotes, brackets, reply marks and trailing punctuation are passed over, and so is what follows a
// complete link. raw holds the decoded bytes, which link borrows from.
//   EMPTY      nothing but white space
//   TOO_LONG   over PLK_INVITE_LINK_INPUT_MAX
//   MALFORMED  no link in it, or one that was made wrong
//   CUT_OFF    its end is missing
//   MISTYPED   a character is wrong, missing or one too many
//   TOO_NEW    made by a version, suite, kind or flag not known here
// *link is written on OK only.
enum plk_err plk_invite_link_decode(struct plk_bytes text, uint8_t raw[PLK_INVITE_LINK_BYTES_MAX],
                                    struct plk_invite_link *link);

#endif
