// SPDX-License-Identifier: MIT
// What comes from the LAN by SSDP is read here, apart from the library.
#include "host/upnp.h"

#include "host/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool plk_upnp_leads_to(const char *url, const struct plk_addr *router) {
    char ip[INET_ADDRSTRLEN], start[INET_ADDRSTRLEN + 8];
    if (router->family != 4 || inet_ntop(AF_INET, router->ip, ip, sizeof ip) == NULL) return false;
    int len = snprintf(start, sizeof start, "http://%s", ip);
    if (strncmp(url, start, (size_t)len) != 0) return false;
    return url[len] == ':' || url[len] == '/' || url[len] == '\0';
}

bool plk_upnp_read_answer(const char *text, size_t len, const struct plk_addr *router, char url[PLK_UPNP_URL_MAX]) {
    static const char name[] = "location:", status[] = "HTTP/1.1 200";
    const char *end = text + len;
    if (len < sizeof status - 1 || memcmp(text, status, sizeof status - 1) != 0) return false;
    for (const char *line = text; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        const char *next = stop == NULL ? end : stop + 1;
        const char *at = line + sizeof name - 1, *last = stop == NULL ? end : stop;
        bool is_it = (size_t)(last - line) >= sizeof name - 1 && strncasecmp(line, name, sizeof name - 1) == 0;
        line = next;
        if (!is_it) continue;
        while (at < last && *at == ' ') at++;
        while (last > at && (last[-1] == '\r' || last[-1] == ' ')) last--;
        size_t url_len = (size_t)(last - at);
        for (size_t i = 0; i < url_len; i++) {
            if (at[i] <= ' ' || at[i] > '~') return false;
        }
        if (url_len == 0 || url_len >= PLK_UPNP_URL_MAX) return false;
        memcpy(url, at, url_len);
        url[url_len] = '\0';
        return plk_upnp_leads_to(url, router);
    }
    return false;
}
