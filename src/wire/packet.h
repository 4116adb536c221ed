// SPDX-License-Identifier: MIT
// The outer packets of a link, as they lie in one UDP payload, or on TCP behind a u16 length
// (docs/protocol/session.md, section 2). The first byte tells them apart from STUN (RFC 7983): 0x00-0x03 is
// STUN, 0xC5 (LAN beacon) is reserved; hello and cookie are between a client and its relay (docs/protocol/relay.md,
// section 2). A decoder looks at lengths and the version only: whatever is inside is proved by its keys.
#ifndef PLK_WIRE_PACKET_H
#define PLK_WIRE_PACKET_H

#include "base/err.h"
#include "base/reader.h"
#include "base/writer.h"

#define PLK_PACKET_VERSION 1
#define PLK_PACKET_HINT_LEN 16
#define PLK_PACKET_CID_LEN 8
#define PLK_PACKET_STAMP_LEN 8
#define PLK_PACKET_COUNTER_LEN 8
#define PLK_PACKET_EPHEMERAL_LEN 32

#define PLK_PACKET_HEADER1_LEN 26 // before the Noise message of message 1
#define PLK_PACKET_HEADER2_LEN 10 // before the Noise message of message 2
#define PLK_PACKET_HEADER_LEN 17  // before the ciphertext of a data packet
#define PLK_PACKET_TAG_LEN 16
#define PLK_PACKET_MAC_LEN 16
#define PLK_PACKET_NONCE_LEN 24
#define PLK_PACKET_COOKIE_LEN 66 // of the whole packet

// Around the plaintext of a data packet.
#define PLK_PACKET_OVERHEAD (PLK_PACKET_HEADER_LEN + PLK_PACKET_TAG_LEN)

// What messages 1 and 2, and hellos, are padded to, and the least that is accepted: no answer is larger than what asked
// for it.
#define PLK_PACKET_HANDSHAKE_LEN 256
// The most that is accepted: room for a KEM field, and one Ethernet frame over IPv6.
#define PLK_PACKET_HANDSHAKE_MAX 1452

#define PLK_PACKET_UDP_MIN 256   // the smallest padding step
#define PLK_PACKET_UDP_LEN 1152  // full size of a path until a larger one has been probed
#define PLK_PACKET_UDP_MAX 1452  // 1500 - IPv6 - UDP
#define PLK_PACKET_UDP4_MAX 1472 // 1500 - IPv4 - UDP: the largest that is ever sent over UDP
#define PLK_PACKET_MAX 16384     // on a reliable carrier
#define PLK_PACKET_FRAME_LEN 2   // the length before each packet on TCP

enum plk_packet_kind {
    PLK_PACKET_STUN = 0,
    PLK_PACKET_MESSAGE1 = 0xC1,
    PLK_PACKET_MESSAGE2 = 0xC2,
    PLK_PACKET_DATA = 0xC3,
    PLK_PACKET_COOKIE = 0xC4,
    PLK_PACKET_BEACON = 0xC5, // never the kind of a decoded packet
    PLK_PACKET_HELLO = 0xC6,
};

// All ranges are borrowed from the bytes that were decoded. Those that a kind has not are empty.
struct plk_packet {
    enum plk_packet_kind kind;
    uint8_t version;            // all but data and STUN
    struct plk_bytes hint;      // message 1: 16
    struct plk_bytes stamp;     // message 1: 8, masked
    struct plk_bytes cid;       // message 2, data, cookie: 8, the receiver's; hello: the sender's
    struct plk_bytes counter;   // data: 8, masked
    struct plk_bytes nonce;     // cookie: 24
    struct plk_bytes ephemeral; // messages 1 and 2, hello: the first 32 bytes of body
    struct plk_bytes body;      // the Noise message; a ciphertext with its tag; or all of a STUN packet
    struct plk_bytes mac1;      // hello: 16
    struct plk_bytes mac2;      // hello: 16, zero when there is none
};

// MALFORMED: an unknown first byte or an impossible length. TOO_NEW: a message of a later version.
// UNSUPPORTED: 0xC5.
enum plk_err plk_packet_decode(struct plk_packet *packet, struct plk_bytes bytes);

// What mac 1 and mac 2 of a decoded hello cover: all that stands before them (relay.md, section 2).
struct plk_bytes plk_packet_before_mac1(const struct plk_packet *hello);
struct plk_bytes plk_packet_before_mac2(const struct plk_packet *hello);

// The mirror of decode; ephemeral is not written, body begins with it.
void plk_packet_write(struct plk_writer *w, const struct plk_packet *packet);

// The packet that stands first in the bytes of a TCP stream: how many bytes it takes with its length (packet
// is then set, borrowed), or 0 when more must arrive. A length of 0 or above PLK_PACKET_MAX sets *broken: the
// stream is to be closed.
size_t plk_packet_unframe(struct plk_bytes stream, struct plk_bytes *packet, bool *broken);

// The first frame that holds a packet (its bytes, borrowed): frames before it that hold none are passed over, so that many crumbs
// cost no more than one look. How many bytes of the stream that takes; bytes empty: all whole frames, and no packet is there yet. A
// frame of more than max bytes sets *broken, too.
size_t plk_packet_next_framed(struct plk_bytes stream, size_t max, struct plk_bytes *bytes, bool *broken);

// The UDP payload that a packet of len bytes which carries messages is padded to, on a path of full_len
// bytes: 256, 512, 768, 1,024 or full_len (DESIGN 3.5). len itself when it is above full_len.
size_t plk_packet_padded_len(size_t len, size_t full_len);

#endif
