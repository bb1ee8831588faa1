"""The version of nof0-core; all packages of the project move together."""

VERSION = "0.1.0"
