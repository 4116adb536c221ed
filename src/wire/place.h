// SPDX-License-Identifier: MIT
// Where a node listens: a transport and an address, and lists of them as links, payloads and rows carry them.
#ifndef PLK_WIRE_PLACE_H
#define PLK_WIRE_PLACE_H

#include "base/addr.h"
#include "base/err.h"

#define PLK_PLACES_MAX 16
#define PLK_PLACES_LEN_MAX (1 + PLK_PLACES_MAX * 20) // bytes of the longest list

struct plk_place {
    enum plk_transport transport;
    struct plk_addr addr; // scope is 0 off this machine
};

struct plk_places {
    uint8_t count;
    struct plk_place at[PLK_PLACES_MAX]; // in the sender's order of preference
};

// List: count u8, then {transport u8, address (base/addr.h)}. A count above max fails, as do an unknown transport, an
// address that is REFUSED (DESIGN 3.10) and one that has a shorter form. What may be tried is the path layer's to
// judge.
void plk_places_write(struct plk_writer *w, const struct plk_places *places);
void plk_places_read(struct plk_reader *r, struct plk_places *places, size_t max);
size_t plk_places_len(const struct plk_places *places);

// Those of them that a reader takes, at most max, in their order. The formats that carry places write only these, so that
// one odd address of an interface never makes a whole link, payload or backup unreadable.
struct plk_places plk_places_usable(const struct plk_places *places, size_t max);

#endif
