// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "api/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    uint8_t *bytes = malloc(len + 1);
    char *text = malloc(len + 4);
    size_t bytes_len = 0;
    plk_assert(bytes != NULL && text != NULL);
    if (plk_base64_decode(bytes, &bytes_len, plk_bytes(data, len))) {
        plk_assert(PLK_BASE64_TEXT_LEN(bytes_len) == len);
        plk_base64_encode(text, plk_bytes(bytes, bytes_len));
        plk_assert(len == 0 || memcmp(text, data, len) == 0);
    }
    free(bytes);
    free(text);
    return 0;
}
