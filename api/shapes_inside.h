// SPDX-License-Identifier: MIT
// What the files that define shapes (api/shapes.h) share: how a field is written, and lists of words that several objects have.
#ifndef PLK_API_SHAPES_INSIDE_H
#define PLK_API_SHAPES_INSIDE_H

#include "api/shapes.h"

#define OPTIONAL PLK_FIELD_OPTIONAL
#define NULLABLE PLK_FIELD_NULLABLE
#define LIST PLK_FIELD_LIST

#define TEXT(name, flags, help) \
    { name, PLK_FIELD_TEXT, flags, NULL, NULL, help }
#define WORD(name, flags, words, help) \
    { name, PLK_FIELD_TEXT, flags, NULL, words, help }
#define COUNT(name, flags, help) \
    { name, PLK_FIELD_COUNT, flags, NULL, NULL, help }
#define REAL(name, flags, help) \
    { name, PLK_FIELD_REAL, flags, NULL, NULL, help }
#define FLAG(name, flags, help) \
    { name, PLK_FIELD_FLAG, flags, NULL, NULL, help }
#define OBJECT(name, flags, shape, help) \
    { name, PLK_FIELD_OBJECT, flags, &plk_shape_##shape, NULL, help }

#define CONTACT_PARAM TEXT("contact", 0, "a contact's name or PeerID")
#define PATH_WORDS "lan|udp-direct|udp-punched|udp-mapped|tcp-direct|tcp-reverse|relay"
#define STATE_WORDS "queued|sent|stored|delivered|read|failed|cancelled|received"
#define KIND_WORDS "text|picture|notice|unknown"
#define IMAGE_WORDS "image/jpeg|image/png|image/webp|image/gif"
#define AVATAR TEXT("avatar", 0, "names the picture of its profile, hexadecimal; empty: it has none")
#define NODE_WORDS "loading|empty|locked|ready|corrupt"
#define SERVE_WORDS "auto|off|contacts|public"
#define NAT_WORDS "endpoint-independent|address-dependent|address-and-port-dependent|unknown"
// What tells a contact's presence; in `status`, `why` and the event `path`.
#define PRESENCE(flags)                                                                 \
    FLAG("online", flags, "something authenticated came from it within 2 minutes"),     \
        WORD("path", (flags) | NULLABLE, PATH_WORDS, "how its messages travel now"),    \
        WORD("path_transport", (flags) | NULLABLE, "udp|tcp|tls", "over what"),         \
        REAL("rtt_ms", (flags) | NULLABLE, "round trip of that path, in milliseconds"), \
        FLAG("relay_only", flags, "it is reached through your own relays only"),        \
        WORD("hindrance", (flags) | NULLABLE, "no-relay|unreachable|refused",           \
             "relay_only: no relay of yours answers, none reaches its relays, or they carry no more now; else null")

// From the fields of that name, above it.
#define SHAPE(c, json) \
    const struct plk_shape plk_shape_##c = {json, c##_fields, sizeof(c##_fields) / sizeof(c##_fields[0])};
#define SHAPE_EMPTY(c, json) const struct plk_shape plk_shape_##c = {json, c##_fields, 0};

#endif
