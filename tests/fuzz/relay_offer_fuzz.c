// SPDX-License-Identifier: MIT
// What a contact says of the relay that its node is: what is read has one encoding.
#include <stdint.h>

#include "wire/relay_offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_relay_offer offer = {.places.count = 77};
    uint8_t again[PLK_RELAY_OFFER_LEN_MAX];
    if (plk_relay_offer_read(plk_bytes(data, size), &offer) != PLK_ERR_OK) {
        plk_assert(offer.places.count == 77);
        return 0;
    }
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_relay_offer_write(&w, &offer);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(data, size)));
    return 0;
}
