// SPDX-License-Identifier: MIT
// Lists of queues that one side hands to the other: what is read has one encoding.
#include <stdint.h>

#include "wire/queue_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_queue_list list = {.count = 77};
    uint8_t again[PLK_QUEUE_LIST_LEN_MAX];
    if (plk_queue_list_decode(plk_bytes(data, size), &list) != PLK_ERR_OK) {
        plk_assert(list.count == 77);
        return 0;
    }
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_queue_list_encode(&w, &list);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(data, size)));
    return 0;
}
