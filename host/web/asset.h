// SPDX-License-Identifier: MIT
// The files of the page, as cmake/embed.cmake puts them into the program.
#ifndef PLK_HOST_WEB_ASSET_H
#define PLK_HOST_WEB_ASSET_H

#include "base/bytes.h"

struct plk_asset {
    const char *path; // begins with '/'
    const char *type; // Content-Type
    const char *etag; // with its quotes
    bool hashed;      // its name changes with what is in it: it may be kept for ever
    const uint8_t *gzip;
    size_t len;
};

extern const struct plk_asset plk_assets[];
extern const size_t plk_asset_count;

#endif
