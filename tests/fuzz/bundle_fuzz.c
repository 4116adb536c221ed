// SPDX-License-Identifier: MIT
// Bundles, identities and lists of places: what is read has one encoding.
#include <stdint.h>

#include "contact/persona.h"
#include "wire/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void places(struct plk_bytes bytes) {
    struct plk_places read;
    uint8_t again[PLK_PLACES_LEN_MAX];
    struct plk_reader r = plk_reader(bytes);
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_places_read(&r, &read, PLK_PLACES_MAX);
    if (r.failed) {
        plk_assert(read.count == 0);
        return;
    }
    plk_places_write(&w, &read);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(bytes.at, bytes.len - r.left)));
    plk_assert(w.len == plk_places_len(&read));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_bytes bytes = plk_bytes(data, size), body;
    struct plk_bundle bundle;
    struct plk_identity identity;
    uint8_t again[PLK_BUNDLE_MAX];
    if (plk_bundle_decode(bytes, &bundle, &body) == PLK_ERR_OK) {
        struct plk_writer w = plk_writer(again, sizeof again);
        plk_bundle_encode(&w, &bundle);
        plk_assert(plk_bytes_equal(plk_writer_bytes(&w), bytes));
        plk_assert(body.len + PLK_BUNDLE_SIG_LEN == size);
        plk_persona_check_bundle(bytes, 0, &bundle);
    }
    if (plk_identity_decode(bytes, &identity) == PLK_ERR_OK) {
        plk_identity_encode(again, &identity);
        plk_assert(plk_bytes_equal(plk_bytes(again, PLK_IDENTITY_LEN), bytes));
    }
    places(bytes);
    return 0;
}
