// SPDX-License-Identifier: MIT
#include "wire/relay_offer.h"

#define VERSION 1
#define SERVES 1

void plk_relay_offer_write(struct plk_writer *w, const struct plk_relay_offer *offer) {
    plk_writer_u8(w, VERSION);
    plk_writer_u8(w, offer->serves ? SERVES : 0);
    plk_writer_copy(w, offer->key, sizeof offer->key);
    if (!offer->serves) return;
    plk_assert(offer->places.count >= 1 && offer->places.count <= PLK_RELAY_OFFER_PLACES_MAX);
    plk_writer_copy(w, offer->token, sizeof offer->token);
    plk_places_write(w, &offer->places);
}

static bool are_usable(const struct plk_places *places) {
    for (size_t i = 0; i < places->count; i++) {
        if (places->at[i].transport != PLK_UDP || places->at[i].addr.port == 0) return false;
    }
    return places->count > 0;
}

enum plk_err plk_relay_offer_read(struct plk_bytes bytes, struct plk_relay_offer *offer) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_relay_offer read = {0};
    uint8_t version = plk_reader_u8(&r);
    if (!r.failed && version != VERSION) return version > VERSION ? PLK_ERR_TOO_NEW : PLK_ERR_MALFORMED;
    uint8_t flags = plk_reader_u8(&r);
    plk_reader_copy(&r, read.key, sizeof read.key);
    read.serves = flags == SERVES;
    if (read.serves) {
        plk_reader_copy(&r, read.token, sizeof read.token);
        plk_places_read(&r, &read.places, PLK_RELAY_OFFER_PLACES_MAX);
    }
    if (!plk_reader_done(&r) || flags > SERVES || (read.serves && !are_usable(&read.places))) return PLK_ERR_MALFORMED;
    *offer = read;
    return PLK_ERR_OK;
}
