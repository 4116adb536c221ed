// SPDX-License-Identifier: MIT
#include "wire/place.h"

size_t plk_places_len(const struct plk_places *places) {
    size_t len = 1;
    for (size_t i = 0; i < places->count; i++) len += places->at[i].addr.family == 4 ? 8 : 20;
    return len;
}

void plk_places_write(struct plk_writer *w, const struct plk_places *places) {
    plk_assert(places->count <= PLK_PLACES_MAX);
    plk_writer_u8(w, places->count);
    for (size_t i = 0; i < places->count; i++) {
        plk_assert(places->at[i].transport != PLK_PASS); // a queue is no address
        plk_writer_u8(w, (uint8_t)places->at[i].transport);
        plk_addr_write(w, &places->at[i].addr);
    }
}

static bool is_usable(const struct plk_place *place) {
    return place->transport >= PLK_UDP && place->transport <= PLK_TLS &&
           plk_addr_class(&place->addr) != PLK_ADDR_REFUSED;
}

struct plk_places plk_places_usable(const struct plk_places *places, size_t max) {
    struct plk_places usable = {0};
    plk_assert(places->count <= PLK_PLACES_MAX);
    for (size_t i = 0; i < places->count && usable.count < max; i++) {
        if (is_usable(&places->at[i])) usable.at[usable.count++] = places->at[i];
    }
    return usable;
}

void plk_places_read(struct plk_reader *r, struct plk_places *places, size_t max) {
    struct plk_places read = {.count = plk_reader_u8(r)};
    if (read.count > max || read.count > PLK_PLACES_MAX) r->failed = true;
    for (size_t i = 0; i < read.count && !r->failed; i++) {
        uint8_t transport = plk_reader_u8(r), family = r->left > 0 ? r->at[0] : 0;
        read.at[i].transport = (enum plk_transport)transport;
        read.at[i].addr = plk_addr_read(r);
        if (family != read.at[i].addr.family || !is_usable(&read.at[i])) r->failed = true;
    }
    if (r->failed) {
        r->left = 0;
        read = (struct plk_places){0};
    }
    *places = read;
}
