// SPDX-License-Identifier: MIT
// Whether a relay can be reached, and how: a hello over UDP and over TCP to each of its addresses, beside any node. Blocks.
#ifndef PLK_HOST_RELAY_PROBE_H
#define PLK_HOST_RELAY_PROBE_H

#include "host/fault.h"
#include "wire/relay_greeting.h"
#include "wire/relay_name.h"

#define PLK_RELAY_PROBE_ADDRESSES_MAX 4
#define PLK_RELAY_PROBE_MS 4000 // for each address and transport

struct plk_relay_probe_way {
    bool answered; // and has proved the key
    uint64_t rtt_us;
};

struct plk_relay_probe {
    struct plk_addr addr;
    struct plk_relay_probe_way udp, tcp;
    // What it said, if it answered at all.
    int64_t clock_ms; // its clock less ours, at the middle of the exchange
    struct plk_addr seen;
    enum plk_relay_admission admission;
};

// Looks the name up and asks every address, PLK_RELAY_PROBE_ADDRESSES_MAX at most. SYSTEM: the name is not known. *count > 0
// otherwise.
enum plk_fault_kind plk_relay_probe(const struct plk_relay_name *name,
                                    struct plk_relay_probe out[static PLK_RELAY_PROBE_ADDRESSES_MAX], size_t *count,
                                    struct plk_fault *fault);

#endif
