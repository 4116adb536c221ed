// SPDX-License-Identifier: MIT
// What a router may send on port 5351, as PCP and as NAT-PMP: what decodes encodes, and decodes to the same again.
#include "wire/natpmp.h"
#include "wire/pcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_pcp(struct plk_bytes bytes) {
    uint8_t room[PLK_PCP_MAP_LEN], room2[PLK_PCP_MAP_LEN];
    struct plk_pcp message, again;
    if (plk_pcp_decode(bytes, &message) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(room, sizeof room), w2 = plk_writer(room2, sizeof room2);
    plk_pcp_encode(&w, &message);
    plk_assert(!w.failed && w.len <= bytes.len);
    plk_assert(plk_pcp_decode(plk_writer_bytes(&w), &again) == PLK_ERR_OK);
    plk_pcp_encode(&w2, &again);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
}

static void try_natpmp(struct plk_bytes bytes) {
    uint8_t room[PLK_NATPMP_MAX], room2[PLK_NATPMP_MAX];
    struct plk_natpmp message, again;
    if (plk_natpmp_decode(bytes, &message) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(room, sizeof room), w2 = plk_writer(room2, sizeof room2);
    plk_natpmp_encode(&w, &message);
    plk_assert(!w.failed && w.len <= bytes.len);
    plk_assert(plk_natpmp_decode(plk_writer_bytes(&w), &again) == PLK_ERR_OK);
    plk_natpmp_encode(&w2, &again);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_pcp(plk_bytes(data, size));
    try_natpmp(plk_bytes(data, size));
    return 0;
}
