// SPDX-License-Identifier: MIT
#include "base/err.h"

const char *plk_err_text(enum plk_err err) {
    static const char *const texts[] = {
#define PLK_ERR_TEXT(name, text) text,
        PLK_ERR_LIST(PLK_ERR_TEXT)
#undef PLK_ERR_TEXT
    };
    return (unsigned)err < PLK_ERR_COUNT ? texts[err] : "an unknown error";
}

const char *plk_err_name(enum plk_err err) {
    static const char *const names[] = {
#define PLK_ERR_WORD(name, text) #name,
        PLK_ERR_LIST(PLK_ERR_WORD)
#undef PLK_ERR_WORD
    };
    return (unsigned)err < PLK_ERR_COUNT ? names[err] : "UNKNOWN";
}
