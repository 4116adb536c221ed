// SPDX-License-Identifier: MIT
// Ports held open by the default router as UPnP-IGD asks for them (IPv4), with libminiupnpc where the build has found it. Nobody is
// asked but the default router: it is searched for by SSDP on its side, what others answer is dropped, and so is an answer that leads
// elsewhere. The library blocks, so it works on a thread of the loop's pool; what it gets is told on the loop's.
#ifndef PLK_HOST_UPNP_H
#define PLK_HOST_UPNP_H

#include <uv.h>

#include "host/log.h"
#include "wire/effect.h"

#define PLK_UPNP_BEGIN_MS 1000 // after a change of the network: PCP and NAT-PMP answer sooner, and are preferred
#define PLK_UPNP_SEARCHES 3    // 1 s, then 2 s apart
#define PLK_UPNP_LIFE_S 1200
#define PLK_UPNP_RENEW_MS 600000
#define PLK_UPNP_PORTS 2
#define PLK_UPNP_TRIES 4 // of outer ports: the first is our own

struct plk_upnp;

struct plk_upnp_events {
    bool (*wanted)(void *ctx); // asked before the router is: nobody else has given a port
    void (*held)(void *ctx, const struct plk_mapping *list, size_t count); // whenever it is something else
};

bool plk_upnp_is_built(void);

// Without the library all of this does nothing; open gives NULL, which the others take.
struct plk_upnp *plk_upnp_open(uv_loop_t *loop, const struct plk_log *log, const struct plk_upnp_events *on, void *ctx);
// The default router and our address on its side, family 0: there is none; and our ports, 0: none.
void plk_upnp_set(struct plk_upnp *upnp, const struct plk_gateway *gateway, uint16_t udp, uint16_t tcp);
void plk_upnp_tell(struct plk_upnp *upnp); // what is held, once more: to a new node
// Gives back what is held: waits for the router, for some seconds at most. Its memory goes when the loop has run again.
void plk_upnp_close(struct plk_upnp *upnp);

// For the above and its test: where an SSDP answer says that the router is described, when that is at this address. False: it is none.
#define PLK_UPNP_URL_MAX 256
bool plk_upnp_read_answer(const char *text, size_t len, const struct plk_addr *router, char url[PLK_UPNP_URL_MAX]);
// Does the URL lead to that address?
bool plk_upnp_leads_to(const char *url, const struct plk_addr *router);

#endif
