// SPDX-License-Identifier: MIT
// How CUBIC's window grows in congestion avoidance (RFC 9438), in whole numbers: bytes, microseconds, and milliseconds inside.
// window.h owns the window itself, slow start and recovery. Zero-initialised it has seen no congestion.
#ifndef PLK_FLIGHT_CUBIC_H
#define PLK_FLIGHT_CUBIC_H

#include "base/time.h"

struct plk_cubic {
    uint64_t largest;     // W_max, bytes: where the curve is flat
    uint64_t prior;       // cwnd_prior: the window before the last reduction
    uint64_t reno;        // W_est: what Reno would have by now
    uint64_t began_us;    // of this congestion avoidance, when began
    uint64_t last_us;     // of the last acknowledgement in it
    uint64_t k_ms;        // K: from its beginning until the window is W_max again
    uint64_t credit;      // bytes times window that do not make a byte yet, of the window
    uint64_t reno_credit; // the same of reno
    bool began;
};

struct plk_cubic_ack {
    uint64_t size; // of the window, bytes
    uint64_t mtu;  // SMSS
    uint64_t acked;
    uint64_t now_us, rtt_us;
};

// The window is reduced for a loss: what it becomes (section 4.6).
uint64_t plk_cubic_reduced(struct plk_cubic *c, uint64_t size);
// Acknowledged while the window was used: what it becomes.
uint64_t plk_cubic_acked(struct plk_cubic *c, const struct plk_cubic_ack *ack);
// Acknowledged while it was not: for that time the curve stands still (section 5.8).
void plk_cubic_unused(struct plk_cubic *c, uint64_t now_us);

uint64_t plk_cubic_at(const struct plk_cubic *c, uint64_t mtu, uint64_t t_us); // W_cubic(t), bytes (section 4.2)
uint64_t plk_cubic_root(uint64_t x);                                           // the cube root, rounded down

#endif
