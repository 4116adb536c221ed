// SPDX-License-Identifier: MIT
#include "contact/request.h"

#define ROW_VERSION 1

_Static_assert(PLK_REQUEST_ROW_MAX <= 65536, "it fits a stored value");

void plk_request_encode(struct plk_writer *w, const struct plk_request *request) {
    uint8_t identity[PLK_IDENTITY_LEN];
    plk_assert(request->payload.len <= PLK_PAYLOAD_MAX);
    plk_identity_encode(identity, &request->identity);
    plk_writer_u8(w, ROW_VERSION);
    plk_writer_copy(w, request->blob_hash, sizeof request->blob_hash);
    plk_writer_copy(w, identity, sizeof identity);
    plk_writer_copy(w, request->recovery, sizeof request->recovery);
    plk_writer_copy(w, request->link_psk, sizeof request->link_psk);
    plk_writer_copy(w, request->line, sizeof request->line);
    plk_writer_put(w, request->payload);
}

enum plk_err plk_request_decode(struct plk_bytes value, struct plk_request *request) {
    struct plk_reader r = plk_reader(value);
    struct plk_request read = {.line = {0}};
    struct plk_payload payload;
    if (plk_reader_u8(&r) != ROW_VERSION) r.failed = true;
    plk_reader_copy(&r, read.blob_hash, sizeof read.blob_hash);
    struct plk_bytes identity = plk_reader_take(&r, PLK_IDENTITY_LEN);
    plk_reader_copy(&r, read.recovery, sizeof read.recovery);
    plk_reader_copy(&r, read.link_psk, sizeof read.link_psk);
    plk_reader_copy(&r, read.line, sizeof read.line);
    read.payload = plk_reader_rest(&r);
    bool valid = plk_reader_done(&r) && plk_identity_decode(identity, &read.identity) == PLK_ERR_OK &&
                 plk_payload_decode(read.payload, &payload) == PLK_ERR_OK;
    if (valid) *request = read;
    plk_mem_wipe(&read, sizeof read);
    return valid ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}
