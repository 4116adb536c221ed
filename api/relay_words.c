// SPDX-License-Identifier: MIT
#include "api/relay_words.h"

const char *plk_relay_words(enum plk_err err) {
    switch (err) {
    case PLK_ERR_EMPTY:
        return "there is no relay's address: it is HOST:PORT#KEY, as a relay prints it";
    case PLK_ERR_MALFORMED:
        return "this is no relay's address: it is HOST:PORT#KEY, as a relay prints it";
    case PLK_ERR_CUT_OFF:
        return "this relay's address was cut off: copy all of it, HOST:PORT#KEY";
    case PLK_ERR_MISTYPED:
        return "this relay's address was mistyped: a character in its KEY is wrong, copy it again";
    case PLK_ERR_TOO_NEW:
        return "this relay's address comes from a newer version of PeerLink: update yours";
    case PLK_ERR_TOO_LONG:
        return "this is too long for a relay's address";
    case PLK_ERR_LIMIT:
        return "there are as many relays as there can be: remove one first";
    default:
        return plk_err_text(err);
    }
}
