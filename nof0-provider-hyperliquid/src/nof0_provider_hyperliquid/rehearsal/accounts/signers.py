"""Whose key signed an action, by the official SDK's own functions."""

from __future__ import annotations

from typing import Any

from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.envelope import Envelope
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import (
    NO_SIGNER,
    MalformedError,
    RefusedError,
)

PREFIX = "HyperliquidTransaction:"
TIMED = frozenset({"usdSend", "spotSend", "withdraw3"})
"""Actions that repeat the nonce as `time`; others call it `nonce`."""
CHAIN = {"name": "hyperliquidChain", "type": "string"}
NONCE = {"name": "nonce", "type": "uint64"}
NAMES = {
    "approveAgent": "ApproveAgent",
    "approveBuilderFee": "ApproveBuilderFee",
    "usdSend": "UsdSend",
    "spotSend": "SpotSend",
    "withdraw3": "Withdraw",
    "usdClassTransfer": "UsdClassTransfer",
    "sendAsset": "SendAsset",
    "userSetAbstraction": "UserSetAbstraction",
    "userDexAbstraction": "UserDexAbstraction",
}
"""Actions that a wallet signs field by field; no agent may."""


def signer(envelope: Envelope) -> str:
    """Return the address whose key signed, in lower case.

    A wrong signature is no error here: it leads to another address.

    Raises:
        MalformedError: if fields that are signed are missing, or differ from the envelope's nonce.
        RefusedError: if no address can be recovered.
    """
    from hyperliquid.utils import signing

    action = envelope.action
    try:
        if envelope.kind in NAMES:
            _agree(envelope)
            found = signing.recover_user_from_user_signed_action(
                {"agentName": "", **action} if envelope.kind == "approveAgent" else dict(action),
                envelope.signature,
                _types(envelope.kind),
                PREFIX + NAMES[envelope.kind],
                False,  # noqa: FBT003 - the SDK signs for the testnet wherever it is not mainnet
            )
        else:
            found = signing.recover_agent_or_user_from_l1_action(
                action,
                envelope.signature,
                envelope.vault,
                envelope.nonce,
                envelope.expires_after,
                False,  # noqa: FBT003
            )
    except MalformedError:
        raise
    except Exception as error:  # libraries of the signature raise whatever they like
        raise RefusedError(NO_SIGNER) from error
    return str(found).lower()


def _agree(envelope: Envelope) -> None:
    action: Json = envelope.action
    inner = action.get("time" if envelope.kind in TIMED else "nonce")
    names = {each["name"] for each in _types(envelope.kind)} - {"agentName"}
    if inner != envelope.nonce or not names <= action.keys():
        raise MalformedError
    if not isinstance(action.get("signatureChainId"), str):
        raise MalformedError


def _types(kind: str) -> list[dict[str, str]]:
    from hyperliquid.utils import signing

    if kind == "approveAgent":
        return [CHAIN, _field("agentAddress", "address"), _field("agentName", "string"), NONCE]
    if kind == "approveBuilderFee":
        return [CHAIN, _field("maxFeeRate", "string"), _field("builder", "address"), NONCE]
    known: dict[str, Any] = {
        "usdSend": signing.USD_SEND_SIGN_TYPES,
        "spotSend": signing.SPOT_TRANSFER_SIGN_TYPES,
        "withdraw3": signing.WITHDRAW_SIGN_TYPES,
        "usdClassTransfer": signing.USD_CLASS_TRANSFER_SIGN_TYPES,
        "sendAsset": signing.SEND_ASSET_SIGN_TYPES,
        "userSetAbstraction": signing.USER_SET_ABSTRACTION_SIGN_TYPES,
        "userDexAbstraction": signing.USER_DEX_ABSTRACTION_SIGN_TYPES,
    }
    return list(known[kind])


def _field(name: str, kind: str) -> dict[str, str]:
    return {"name": name, "type": kind}
