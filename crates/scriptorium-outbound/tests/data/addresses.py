#!/usr/bin/env python3
"""Writes addresses.txt and spellings.txt: what a second implementation says about the same addresses.

It knows Python's `ipaddress` and IANA's two registries of special-purpose addresses as they were typed from
there, and nothing of ours. Run it in this folder; the outcome is committed.
"""
import ipaddress as ip
import random

# Special by IANA's registries, or by what clouds do, where `is_global` says otherwise or depends on the version.
ALSO_V4 = [ip.ip_network(n) for n in (
    "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "168.63.129.16/32")]
ALSO_V6 = [ip.ip_network(n) for n in (
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fec0::/10")]
# Handed out by IANA to be reached from everywhere.
UNICAST = ip.ip_network("2000::/3")
BOUNDS_V4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
    "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "255.255.255.255/32", "8.8.8.8/32", "93.184.216.34/32", "100.100.100.200/32", "169.254.169.254/32"]
BOUNDS_V6 = [
    "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2000::/3", "2001::/23", "2001::/32",
    "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2606:4700::/32", "2a00:1450::/32"]


def refused(address):
    if address.version == 4:
        return not address.is_global or address.is_multicast or any(address in net for net in ALSO_V4)
    if address.ipv4_mapped or address.sixtofour or address.teredo:
        return True
    # ISATAP: 0000:5efe or 0200:5efe, with or without the bit of groups, before an IPv4 address.
    high = int(address) >> 32 & 0xffffffff
    if high & ~0x03000000 == 0x5efe:
        return True
    return address not in UNICAST or not address.is_global or any(address in net for net in ALSO_V6)


def bounds(text):
    net = ip.ip_network(text)
    first, last = int(net.network_address), int(net.broadcast_address)
    most = 2 ** net.max_prefixlen - 1
    made = ip.IPv4Address if net.version == 4 else ip.IPv6Address
    for number in (first - 1, first, (first + last) // 2, last, last + 1):
        if 0 <= number <= most:
            yield made(number)


def wrapped(v4):
    n = int(v4)
    yield v4
    yield ip.IPv6Address(0xffff << 32 | n)
    yield ip.IPv6Address(n)
    yield ip.IPv6Address(0xffff << 48 | n)
    yield ip.IPv6Address(0x64ff9b << 96 | n)
    # The layout of RFC 6052 for a prefix of 48 bits: its eight zero bits are in the middle.
    yield ip.IPv6Address(0x64ff9b0001 << 80 | n >> 16 << 64 | (n & 0xffff) << 40)
    yield ip.IPv6Address(0x2002 << 112 | n << 80 | 1)
    yield ip.IPv6Address(0x20010000 << 96 | 0x08080808 << 64 | 0xffff << 32 | (n ^ 0xffffffff))
    yield ip.IPv6Address(0x2a001450 << 96 | 0x5efe << 32 | n)
    yield ip.IPv6Address(0x2a001450 << 96 | 0x02005efe << 32 | n)


def spellings(v4):
    a, b, c, d = v4.packed
    n = int(v4)
    yield f"{a}.{b}.{c}.{d}"
    yield f"{n}"
    yield f"0x{n:x}"
    yield f"0{n:o}"
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"
    yield f"0{a:o}.{b}.0x{c:x}.{d}"
    yield f"000{a:o}.000{b:o}.000{c:o}.000{d:o}"
    yield f"{a}.{b}.{c << 8 | d}"
    yield f"{a}.{b << 16 | c << 8 | d}"
    yield f"{a}.{b}.{c}.{d}."
    yield f"{a}%2e{b}%2e{c}%2e{d}"
    yield f"{a}。{b}。{c}。{d}"
    yield "".join(chr(0xff10 + int(x)) if x.isdigit() else x for x in f"{a}.{b}.{c}.{d}")


def main():
    dice = random.Random(20261129)
    seen = {}
    v4 = [address for text in BOUNDS_V4 for address in bounds(text)]
    v4 += [ip.IPv4Address(dice.getrandbits(32)) for _ in range(60)]
    for address in v4:
        for one in wrapped(address):
            seen[one] = refused(one)
    for text in BOUNDS_V6:
        for address in bounds(text):
            seen[address] = refused(address)
    for _ in range(1500):
        for one in (ip.IPv4Address(dice.getrandbits(32)), ip.IPv6Address(dice.getrandbits(128)),
                    ip.IPv6Address(1 << 125 | dice.getrandbits(125))):
            seen[one] = refused(one)
    with open("addresses.txt", "w") as out:
        for address in sorted(seen, key=lambda one: (one.version, int(one))):
            out.write(f"{address} {'refused' if seen[address] else 'open'}\n")
    with open("spellings.txt", "w") as out:
        for address in dict.fromkeys(v4):
            for index, text in enumerate(spellings(address)):
                plain = index == 0 and not refused(address)
                out.write(f"http://{text}/ {'open' if plain else 'refused'}\n")


main()
