// SPDX-License-Identifier: MIT
// One session: the keys of a link after a handshake, its counters and its replay window (DESIGN 3.5;
// docs/protocol/session.md, section 6). It knows no address, no contact and no other session. Embedded by its
// owner, allocates nothing, is wiped by plk_session_wipe.
#ifndef PLK_SESSION_SESSION_H
#define PLK_SESSION_SESSION_H

#include "base/time.h"
#include "noise/noise.h"
#include "wire/packet.h"

#define PLK_SESSION_WINDOW 2048                       // counters below the highest that are still told apart
#define PLK_SESSION_REKEY_PACKETS (UINT64_C(1) << 20) // sent or received: a new handshake is due
#define PLK_SESSION_REKEY_US PLK_HOUR                 // likewise, for the side that initiated
#define PLK_SESSION_REKEY_LATE_US (2 * PLK_MINUTE)    // the other side waits this much longer, which avoids most glare
#define PLK_SESSION_COUNTER_END (UINT64_C(1) << 32)   // no counter reaches this: sending stops, receiving refuses
#define PLK_SESSION_FORGED_END (UINT64_C(1) << 35)    // forgeries after which nothing is opened (RFC 9001 6.6: 2^36)

// The secrets that a handshake gives. docs/protocol/session.md, section 5.
struct plk_session_keys {
    uint8_t send[32], recv[32];               // Noise Split
    uint8_t send_header[32], recv_header[32]; // HKDF(chaining key, label of the direction)
};

struct plk_session {
    struct plk_session_keys keys;
    uint64_t send_next;                       // counter of the next packet
    uint64_t recv_next;                       // highest counter opened, plus 1; 0: none
    uint64_t window[PLK_SESSION_WINDOW / 64]; // bit (counter mod 2048): opened
    uint64_t forged;                          // packets that failed to decrypt
    uint64_t started_us;
    bool initiator;
    bool confirmed; // the peer has proved that it holds the keys; nothing is sealed before
};

void plk_session_init(struct plk_session *s, const struct plk_session_keys *keys, bool initiator, uint64_t now_us);
// Out of a handshake that is done: its two cipher keys, and the header keys exported under two labels, for packets of the
// initiator and of the responder.
void plk_session_of_noise(struct plk_session *s, const struct plk_noise *noise, const char *initiator_label,
                          const char *responder_label, uint64_t now_us);
void plk_session_wipe(struct plk_session *s);

// Writes a whole data packet, text.len + PLK_PACKET_OVERHEAD bytes, into out: cid is the peer's connection id
// of the path that it takes. text may be anywhere outside out, or in place, at out + PLK_PACKET_HEADER_LEN.
// *counter is the number that acknowledgements will name; one number space for all paths, from 0. Two calls
// never share a counter. CLOSED: PLK_SESSION_COUNTER_END is reached. INVALID: not confirmed yet. out is then
// untouched.
enum plk_err plk_session_seal(struct plk_session *s, const uint8_t cid[PLK_PACKET_CID_LEN], struct plk_bytes text,
                              uint8_t *out, uint64_t *counter);

// Opens a data packet: its text, body.len - PLK_PACKET_TAG_LEN bytes, goes to out, which may be body.at itself. The first
// that opens confirms the session. MALFORMED: not a data packet. REPLAYED: opened before, or too old to know (said before
// anything is decrypted). FORGED: not made with these keys, or its counter is impossible. CLOSED: PLK_SESSION_FORGED_END.
// An error changes nothing in the session but the count of forgeries; out may be zeroed by FORGED.
enum plk_err plk_session_open(struct plk_session *s, const struct plk_packet *packet, uint8_t *out, size_t *out_len,
                              uint64_t *counter);

// Time for a new handshake: hourly, or after 2^20 packets in either direction. Never before the session is
// confirmed.
bool plk_session_needs_rekey(const struct plk_session *s, uint64_t now_us);

// When that becomes true by time alone; for the caller's WAIT.
uint64_t plk_session_rekey_us(const struct plk_session *s);

#endif
