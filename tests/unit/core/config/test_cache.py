"""From `Cache`, `TTL` and `Logging` to a section of the `redis` exporter."""

from __future__ import annotations

import pytest

from nof0_core.project.serving import load_serving

CACHE = """Cache:
  - Host: "${Cache__0__Host}"
    Type: node
    Pass: "${Cache__0__Pass}"
    Tls: ${Cache__0__Tls}
"""
TOLD = {"Cache__0__Host": "h.example:6380", "Cache__0__Pass": "canary", "Cache__0__Tls": "true"}


def section(config):
    found = [one for one in config.exporters if one.kind.type == "redis"]
    return found[0] if found else None


def main(bench, more):
    bench.replace("etc/nof0.yaml", "Name:", f"{more}Name:")


def test_without_a_host_there_is_none(bench):
    main(bench, CACHE)
    assert section(bench.load()) is None


def test_the_block_of_the_description_makes_a_section(bench):
    main(bench, CACHE + "TTL: {Short: 7, Medium: 8, Long: 9}\n")
    main(bench, "Logging: {SlowThreshold: {Redis: 123}}\n")
    config = bench.load(environ=TOLD)
    made = section(config).config
    assert (made.host, made.password, made.tls) == ("h.example:6380", "canary", True)
    assert (made.short, made.medium, made.long, made.slow_threshold) == (7, 8, 9, 123)
    assert made.timeout.total_seconds() == 5
    json = next(one for one in config.exporters if one.kind.type == "json")
    assert made.documents == json.config.path == config.data_path
    assert "canary" in config.secrets


@pytest.mark.parametrize("word", ["cluster", "sentinel"])
def test_other_kinds_of_server_are_refused(bench, word):
    main(bench, CACHE.replace("Type: node", f"Type: {word}"))
    assert f'Cache.0.Type: must be one of node, got "{word}"' in bench.problems(environ=TOLD)


def test_a_second_server_is_refused_with_what_to_do(bench):
    main(bench, CACHE + "  - Host: other:6379\n")
    told = bench.problems(environ=TOLD)
    assert "Cache.1.Host: nof0 writes to one Redis server" in told
    assert "`type: redis`" in told


def test_an_address_that_is_none_is_named_without_its_value(bench):
    main(bench, CACHE)
    told = bench.problems(environ={**TOLD, "Cache__0__Host": "redis://:canary@h:1"})
    assert "Cache.0.Host: must be host:port" in told
    assert "canary" not in told


def test_a_section_takes_what_it_does_not_say_itself(bench):
    main(bench, CACHE + "Exporters: [{type: redis, prefix: 'a:', medium: 500}]\n")
    made = section(bench.load(environ=TOLD)).config
    assert (made.host, made.password, made.prefix, made.medium) == (
        "h.example:6380", "canary", "a:", 500,
    )  # fmt: skip


def test_another_servers_section_does_not_get_the_password(bench):
    main(bench, CACHE + "Exporters: [{type: redis, host: 'other:1'}, {type: redis}]\n")
    config = bench.load(environ=TOLD)
    first, second = [one.config for one in config.exporters if one.kind.type == "redis"]
    assert (first.host, first.password, first.tls) == ("other:1", "", False)
    assert (second.host, second.password, second.tls) == ("h.example:6380", "canary", True)


def test_a_section_without_any_server_is_refused(bench):
    main(bench, "Exporters: [{type: redis}]\n")
    assert "names no server" in bench.problems()


def test_a_server_of_the_api_needs_neither_host_nor_password(bench):
    main(bench, CACHE.replace('"${Cache__0__Host}"', "localhost:6379"))
    assert load_serving(bench.directory / "etc" / "nof0.yaml", environ={}).port
