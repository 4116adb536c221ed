// SPDX-License-Identifier: MIT
#include "api/web.h"

#include <stdio.h>

#include "api/window.h"
#include "host/entropy.h"

static uint16_t any_port(void) {
    uint16_t random;
    plk_entropy_bytes(&random, sizeof random);
    return (uint16_t)(PLK_WEB_PORT_FIRST + random % PLK_WEB_PORT_COUNT);
}

static enum plk_fault_kind open_on(struct plk_api *api, uint16_t port, struct plk_fault *fault) {
    struct plk_web_config config = {
        .loop = plk_host_loop(api->host), .port = port, .opened = plk_window_opened, .ctx = api};
    return plk_web_open(&api->web, &config, fault);
}

enum plk_fault_kind plk_api_serve(struct plk_api *api, uint16_t port, struct plk_fault *fault) {
    const char *home = plk_host_home(api->host);
    unsigned long kept = plk_home_number_read(home, PLK_WEB_PORT_NAME);
    enum plk_fault_kind kind = plk_door_open(&api->door, home, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    if (port == 0 && kept > 0 && kept <= UINT16_MAX) port = (uint16_t)kept;
    kind = open_on(api, port != 0 ? port : any_port(), fault);
    for (int i = 0; port == 0 && kind == PLK_FAULT_LISTEN && i < PLK_WEB_PORT_TRIES; i++)
        kind = open_on(api, any_port(), fault);
    if (kind != PLK_FAULT_NONE || plk_web_port(api->web) == kept) return kind;
    return plk_home_number_write(home, PLK_WEB_PORT_NAME, plk_web_port(api->web), fault);
}

bool plk_api_address(const struct plk_api *api, char out[PLK_API_ADDRESS_MAX]) {
    if (api->web == NULL) return false;
    snprintf(out, PLK_API_ADDRESS_MAX, "http://127.0.0.1:%u/", plk_web_port(api->web));
    return true;
}

json_t *plk_web_address(const struct plk_api *api) {
    char address[PLK_API_ADDRESS_MAX];
    return plk_api_address(api, address) ? json_string(address) : json_null();
}

uint64_t plk_api_now_ms(const struct plk_api *api) { return plk_host_now(api->host).mono_us / PLK_MS; }
