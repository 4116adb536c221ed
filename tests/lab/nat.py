# SPDX-License-Identifier: MIT
"""A kind of router as nftables rules.

A kind says which outer address and port a packet from inside gets (mapping) and who may answer there (filtering), in the words
of RFC 4787. Linux itself knows only conntrack, whose filtering is address and port dependent; what other NATs do is added by
maps that record which mapping every packet that left has really got (chain `record`, after source NAT):

    eim   inner address and port             -> outer address and port
    adm   inner address and port, far address -> outer address and port
    fc    outer port                          -> inner address and port
    used  outer ports in use                    seen  outer ports and who was written to from there

docs/design/lab.md tells the traps.
"""
RECORDED = ("eim", "adm", "fc", "used", "seen")
COUNTED_PORTS = 4000  # of a NAT that counts: 40000 to 43999

FROM_EIM = "snat ip to meta l4proto . ip saddr . th sport map @eim"
FROM_ADM = "snat ip to meta l4proto . ip saddr . th sport . ip daddr map @adm"
TO_FC = "dnat ip to meta l4proto . th dport map @fc"
PORT_KEPT = [FROM_EIM, "meta l4proto . th sport @used masquerade random", "masquerade"]
COUNTING = "meta l4proto {{ tcp, udp }} snat ip to {wan} : numgen inc mod %d map {{ %s }}" % (
    COUNTED_PORTS, ", ".join(f"{i} : {40000 + i}" for i in range(COUNTED_PORTS)))

# What a new flow to the outside gets, rule by rule; None: no translation at all, a firewall.
SOURCE = {
    "fw": None,
    "full-cone": PORT_KEPT,
    "addr-restr": PORT_KEPT,
    "port-restr": ["masquerade"],
    "eim-random": [FROM_EIM, "masquerade random"],
    "addr-dep": [FROM_ADM, "masquerade random"],
    "symmetric": ["masquerade fully-random"],
    "symm-seq": [COUNTING, "masquerade"],
    "udp-blocked": ["masquerade"],
}

# What a stranger's packet to an outer port gets, where conntrack knows nothing of it.
DESTINATION = {
    "full-cone": [TO_FC],
    "addr-restr": ["meta l4proto . th dport . ip saddr @seen " + TO_FC],
}

STRANGERS = {
    "drop": ["drop"],
    "accept": ["accept"],
    "reject": ["meta l4proto tcp reject with tcp reset", "reject"],
}

# What a restrictive network adds in front of everything else that it forwards.
ONLY = {
    None: [],
    "udp-blocked": ['iifname != "wan" meta l4proto udp drop'],
    "tcp-443": ['iifname != "wan" meta l4proto udp drop', 'oifname "wan" ct direction original tcp dport != 443 drop'],
    "tls-443": ['iifname != "wan" meta l4proto udp drop', 'oifname "wan" ct direction original tcp dport != 443 drop',
                "tcp dport 443 ct mark 0 @ih,0,8 0x16 ct mark set 1",
                "tcp dport 443 ct mark 0 @ih,0,8 != 0x16 reject with tcp reset"],
}

BLACK_HOLE = ["icmp type destination-unreachable icmp code frag-needed drop", "icmpv6 type packet-too-big drop"]


def maps(lifetime_s):
    inside, outside = "ipv4_addr . inet_service", "ipv4_addr . inet_service"
    kept = f"flags dynamic,timeout; size 65536; timeout {lifetime_s}s;"
    return f"""  map eim {{ type inet_proto . {inside} : {outside}; {kept} }}
  map adm {{ type inet_proto . {inside} . ipv4_addr : {outside}; {kept} }}
  map fc {{ type inet_proto . inet_service : {inside}; {kept} }}
  set used {{ type inet_proto . inet_service; {kept} }}
  set seen {{ type inet_proto . inet_service . ipv4_addr; {kept} }}
"""


def record(wan):
    """What every packet that leaves has got. One that answers a stranger (full cone) is of the reply direction of its flow."""
    rules = []
    for direction in ("original", "reply"):
        those = f'oifname "wan" ip saddr {wan} meta l4proto {{ tcp, udp }} ct direction {direction}'
        inner = f"ct {direction} ip saddr . ct {direction} proto-src"
        rules += [f"{those} update @eim {{ meta l4proto . {inner} : ip saddr . th sport }}",
                  f"{those} update @adm {{ meta l4proto . {inner} . ip daddr : ip saddr . th sport }}",
                  f"{those} update @fc {{ meta l4proto . th sport : {inner} }}",
                  f"{those} update @used {{ meta l4proto . th sport }}",
                  f"{those} update @seen {{ meta l4proto . th sport . ip daddr }}"]
    return rules


def chain(name, hook, rules, policy="accept"):
    lines = "".join(f"    {rule}\n" for rule in rules)
    return f"  chain {name} {{\n    type {hook}; policy {policy};\n{lines}  }}\n"


def source(kind, wan, lan, hairpin):
    rules = [f'oifname "wan" {rule.format(wan=wan)}' for rule in SOURCE[kind]]
    if hairpin:
        rules += [f'oifname != "wan" ct status dnat ip saddr {lan} {FROM_EIM}',
                  f'oifname != "wan" ct status dnat ip saddr {lan} masquerade']
    return rules


def destination(kind, wan, hairpin):
    rules = [f'iifname "wan" meta l4proto {{ tcp, udp }} {rule}' for rule in DESTINATION.get(kind, [])]
    if hairpin:
        rules.append(f'iifname != "wan" ip daddr {wan} meta l4proto {{ tcp, udp }} {TO_FC}')
    return rules


def table4(kind, wan, lan, hairpin, lifetime_s):
    text = "table ip lab {\n" + maps(lifetime_s)
    text += chain("before", "nat hook prerouting priority dstnat", destination(kind, wan, hairpin))
    text += chain("after", "nat hook postrouting priority srcnat", source(kind, wan, lan, hairpin))
    # A chain that records without need would cost more than the NAT itself.
    if hairpin or any("@" in rule for rule in SOURCE[kind]):
        text += chain("record", "filter hook postrouting priority 110", record(wan))
    return text + "}\n"


def igd_chains():
    """Those that miniupnpd writes its mappings and pinholes into (igd.py)."""
    return ("  chain igd_forward {\n  }\n  chain igd_before {\n  }\n  chain igd_after {\n  }\n"
            + chain("mapped", "nat hook prerouting priority dstnat", ["jump igd_before"])
            + chain("unmapped", "nat hook postrouting priority srcnat", ["jump igd_after"]))


def ruleset(kind, wan, lan, hairpin=False, lifetime_s=120, strangers="drop", only=None, black_hole=False, igd=False):
    """Everything that a router of this kind does, in place of what it did before. `wan` and `lan` are its outer address and its
    inner network, `strangers` what it does with packets for itself that it has not asked for, `igd` whether its clients may ask
    for mappings."""
    only = "udp-blocked" if kind == "udp-blocked" and only is None else only
    forward = [*ONLY[only], "ct state established,related accept", 'iifname != "wan" accept', "ct status dnat accept"]
    # Packets of strangers for the router itself: accepted, they become flows of its own, and the port they came to is taken
    # (docs/design/lab.md, the early packet).
    enter = ['iifname "wan" ct state established,related accept', 'iifname "wan" meta l4proto { icmp, ipv6-icmp } accept',
             *(f'iifname "wan" {rule}' for rule in STRANGERS[strangers])]
    if igd:
        forward.append("jump igd_forward")
    text = "flush ruleset\ntable inet lab {\n" + (igd_chains() if igd else "")
    text += chain("forward", "filter hook forward priority filter", forward, "drop")
    text += chain("enter", "filter hook input priority filter", enter)
    text += chain("leave", "filter hook output priority filter", BLACK_HOLE if black_hole else [])
    text += "}\n"
    return text if SOURCE[kind] is None else text + table4(kind, wan, lan, hairpin, lifetime_s)
