// SPDX-License-Identifier: MIT
#include "host/upnp_ask.h"

#include "host/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#ifdef PLK_UPNP
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>

#define ERROR_CONFLICT 718       // the outer port is somebody else's
#define ERROR_ONLY_PERMANENT 725 // it knows no leases: what is given has to be given back
#define PORT_MAX_LEN 6
#define PORT_LOW 1024

static const char *protocol(const struct plk_mapping *port) { return port->transport == PLK_UDP ? "UDP" : "TCP"; }

static int add(const struct plk_upnp_job *job, const struct plk_mapping *port, uint16_t outer, const char *life) {
    char in[PORT_MAX_LEN], out[PORT_MAX_LEN], local[INET_ADDRSTRLEN];
    snprintf(in, sizeof in, "%u", port->internal.port);
    snprintf(out, sizeof out, "%u", outer);
    inet_ntop(AF_INET, job->local.ip, local, sizeof local);
    return UPNP_AddPortMapping(job->control, job->service, out, in, local, "PeerLink", protocol(port), NULL, life);
}

// The library's errors are negative, the router's positive.
static int add_somewhere(const struct plk_upnp_job *job, struct plk_mapping *port, const struct plk_addr *outside) {
    char life[16];
    uint16_t outer = port->external.family != 0 ? port->external.port : port->internal.port;
    int error = 0;
    snprintf(life, sizeof life, "%d", PLK_UPNP_LIFE_S);
    port->external = (struct plk_addr){.family = 0};
    for (unsigned i = 0; i < PLK_UPNP_TRIES; i++) {
        error = add(job, port, outer, life);
        if (error == ERROR_ONLY_PERMANENT) error = add(job, port, outer, "0");
        if (error != ERROR_CONFLICT) break;
        outer = (uint16_t)(PORT_LOW + (job->random + 7919u * (i + 1)) % (65536u - PORT_LOW));
    }
    if (error != 0) return error;
    port->external = *outside;
    port->external.port = outer;
    return 0;
}

static bool find_outside(const struct plk_upnp_job *job, struct plk_addr *outside) {
    char text[64] = "";
    struct in_addr ip;
    if (UPNP_GetExternalIPAddress(job->control, job->service, text) != UPNPCOMMAND_SUCCESS) return false;
    text[sizeof text - 1] = '\0';
    if (inet_pton(AF_INET, text, &ip) != 1) return false;
    *outside = plk_address_v4(&ip, 1);
    return plk_addr_class(outside) == PLK_ADDR_GLOBAL || plk_addr_class(outside) == PLK_ADDR_PRIVATE;
}

// The description may name another machine as the one to be asked: it is not asked.
static bool find_service(struct plk_upnp_job *job) {
    struct UPNPUrls urls;
    struct IGDdatas data;
    char local[64] = "";
    memset(&urls, 0, sizeof urls);
    memset(&data, 0, sizeof data);
    if (UPNP_GetIGDFromUrl(job->url, &urls, &data, local, sizeof local) != 1) return false;
    bool good = urls.controlURL != NULL && strlen(urls.controlURL) < sizeof job->control &&
                strlen(data.first.servicetype) < sizeof job->service &&
                plk_upnp_leads_to(urls.controlURL, &job->router);
    if (good) snprintf(job->control, sizeof job->control, "%s", urls.controlURL);
    if (good) snprintf(job->service, sizeof job->service, "%s", data.first.servicetype);
    FreeUPNPUrls(&urls);
    return good;
}

void plk_upnp_ask(struct plk_upnp_job *job) {
    struct plk_addr outside;
    job->error = 0;
    bool found = find_service(job) && find_outside(job, &outside);
    for (size_t i = 0; i < job->count; i++) {
        int error = found ? add_somewhere(job, &job->ports[i], &outside) : -1;
        if (!found) job->ports[i].external = (struct plk_addr){.family = 0};
        if (error != 0) job->error = error;
    }
}

void plk_upnp_give_back(struct plk_upnp_job *job) {
    for (size_t i = 0; i < job->count; i++) {
        char out[PORT_MAX_LEN];
        struct plk_mapping *port = &job->ports[i];
        if (port->external.family == 0) continue;
        snprintf(out, sizeof out, "%u", port->external.port);
        // Who does not answer now does not answer for the next one either.
        if (UPNP_DeletePortMapping(job->control, job->service, out, protocol(port), NULL) < 0) return;
    }
}
#else
void plk_upnp_ask(struct plk_upnp_job *job) { job->error = -1; }
void plk_upnp_give_back(struct plk_upnp_job *job) { (void)job; }
#endif
