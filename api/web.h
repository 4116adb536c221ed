// SPDX-License-Identifier: MIT
// Inside the API: the page's server and its port.
#ifndef PLK_API_WEB_H
#define PLK_API_WEB_H

#include "api/client.h"

#define PLK_WEB_URL_MAX 96
#define PLK_WEB_PORT_NAME "web-port" // in the home: what a browser allows a page it allows its port, so that is kept
// Where one is chosen: below those that the system gives to connections that leave.
#define PLK_WEB_PORT_FIRST 20000
#define PLK_WEB_PORT_COUNT 10000
#define PLK_WEB_PORT_TRIES 16

json_t *plk_web_address(const struct plk_api *api); // or null
uint64_t plk_api_now_ms(const struct plk_api *api); // monotonic

#endif
