#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Paths that are bad in one way or another: one direction that carries nothing, a fifth of all packets lost, small packets
only, with and without word of it."""
from _netns import NetWorld, Talk
from _peer import befriend, check

LOSS = "numgen random mod 10000 < 2000 drop"
FLOWING_S = 0.25  # p50 on a path that is well again, on a busy machine


def one_way_in_the_race(world, sender, sender_port):
    """What the sender says by UDP is lost on the way, what it is told is not: the race has to see that."""
    for peer in (world.alice, world.bob):
        peer.down()
    world.net.rules(f'iifname "{sender_port}" meta l4proto udp drop')
    for peer in (world.alice, world.bob):
        peer.up()
    with Talk(world.alice, world.bob) as talk:
        what = f"UDP of {sender.name} goes nowhere, from the start"
        talk.flows(3, what)
        talk.goes_over("tcp", 3, what)
        world.net.rules()
        talk.goes_over("udp", 25, "and it does again")


def one_way_in_the_middle(talk, net):
    for port, who in (("h0", "Alice"), ("h1", "Bob")):
        net.rules(f'iifname "{port}" meta l4proto udp drop')
        talk.flows(4, f"UDP of {who} goes nowhere")
        net.rules()
        talk.goes_over("udp", 25, "and it does again")


def lossy(talk, net, rule, what):
    net.rules(rule)
    talk.flows(6, what)
    talk.runs(10, what)
    net.rules()
    talk.flows(6, "and well again")


def small(talk, net, mtu, what, *rules):
    for port in ("h0", "h1"):
        net.router.ip(f"link set {port} mtu {mtu}")
    net.rules(*rules)
    talk.flows(4, what)
    talk.runs(3, what)
    for port in ("h0", "h1"):
        net.router.ip(f"link set {port} mtu 1500")
    net.rules()


def main():
    with NetWorld() as world:
        world.start()
        befriend(world.alice, world.bob)
        one_way_in_the_race(world, world.alice, "h0")
        one_way_in_the_race(world, world.bob, "h1")
        with Talk(world.alice, world.bob) as talk:
            one_way_in_the_middle(talk, world.net)
            lossy(talk, world.net, LOSS, "a fifth is lost")
            lossy(talk, world.net, "meta l4proto udp " + LOSS, "a fifth of UDP is lost")
            small(talk, world.net, 1280, "MTU 1280")
            world.net.rules("meta l4proto udp drop")
            talk.goes_over("tcp", 8, "no UDP")
            small(talk, world.net, 1280, "MTU 1280 and no UDP", "meta l4proto udp drop")
            talk.goes_over("udp", 25, "UDP again")
            talk.flows(3, "UDP again")
            p50 = talk.runs(3, "well")
            check(p50 < FLOWING_S, f"a path that is well: {p50 * 1000:.0f} ms")
        print("bad paths: nothing lost")


main()
