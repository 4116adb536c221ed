// SPDX-License-Identifier: MIT
// How the relays that this node is connected to over UDP see its socket, asked by STUN when one has come up, when the network has changed
// and from time to time (DESIGN 4; path/reflexive.h does it for one address family). What is found goes into the list that contacts
// are told (node/network.h), and into what the user is told of the NAT.
#ifndef PLK_NODE_DISCOVERY_H
#define PLK_NODE_DISCOVERY_H

#include "path/survey.h"
#include "wire/effect.h"

#define PLK_DISCOVERY_EVERY_US (20 * PLK_MINUTE)
#define PLK_DISCOVERY_GATHER_US (50 * PLK_MS)    // after one relay has come up: so will the others
#define PLK_DISCOVERY_STALE_US (20 * PLK_SECOND) // NATs forget in 30 s what nobody uses
#define PLK_DISCOVERY_PAUSE_US (5 * PLK_SECOND)  // between two rounds, whatever relays do

struct plk_node;
struct plk_way;

struct plk_discovery {
    struct plk_reflexive families[2];            // IPv4, IPv6
    struct plk_survey survey;                    // of IPv4
    uint32_t survey_sockets[PLK_SURVEY_SOCKETS]; // node/sockets.h; 0: none
    uint64_t due_us, begun_us;
    bool unheld; // no channel keeps a mapping alive in a family that was asked for
};

void plk_discovery_init(struct plk_discovery *discovery);
void plk_discovery_soon(struct plk_node *node); // a relay has come up
void plk_discovery_refresh(
    struct plk_node *node); // contacts are looked for: what nothing has kept alive is asked for again
void plk_discovery_forget(struct plk_node *node); // the network is another
// We are behind something that lets only those in whom we have sent to: a NAT, or a firewall that filters by port.
bool plk_discovery_is_closed(const struct plk_node *node, uint8_t family);
// Who is not translated has one address for all, even where a single answer cannot show it.
enum plk_nat_behavior plk_discovery_mapping(const struct plk_node *node, uint8_t family);
// The same for IPv4 as far as it concerns who wants a way through.
struct plk_nat_class plk_discovery_class(const struct plk_node *node);
bool plk_discovery_server(const struct plk_node *node, struct plk_addr *server); // who answers STUN over IPv4 now
bool plk_discovery_uses(const struct plk_node *node, uint32_t socket);
bool plk_discovery_heard(struct plk_node *node, const struct plk_way *way,
                         struct plk_bytes stun); // false: not asked for
// Contacts are told where we are, and asked where they are: they ask in the same moment, so that both NATs let the other side in.
void plk_discovery_tell(struct plk_node *node);
void plk_discovery_tick(struct plk_node *node);
bool plk_discovery_poll(struct plk_node *node, struct plk_output *output);
uint64_t plk_discovery_deadline(const struct plk_node *node);

#endif
