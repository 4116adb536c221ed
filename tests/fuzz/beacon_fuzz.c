// SPDX-License-Identifier: MIT
// Beacons of strangers: what decodes encodes to the same bytes, and any tag can be made of it.
#include "contact/beacon_tag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_beacon beacon;
    uint8_t room[PLK_BEACON_LEN], key[PLK_BEACON_KEY_LEN];
    struct plk_writer w = plk_writer(room, sizeof room);
    enum plk_err err = plk_beacon_decode(plk_bytes(data, size), &beacon);
    plk_assert((err == PLK_ERR_OK) == (size == PLK_BEACON_LEN));
    if (err != PLK_ERR_OK) return 0;
    plk_beacon_encode(&w, &beacon);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(data, size)));
    struct plk_addr from = plk_beacon_group(data[0] % 2 ? 4 : 6, 0);
    plk_beacon_key(key, data);
    plk_assert(plk_beacon_tag(key, beacon.nonce, &from) == plk_beacon_tag(key, beacon.nonce, &from));
    return 0;
}
