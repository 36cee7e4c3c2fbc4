"""Names of autograd.extend: functions with derivatives of their own, as custom gradients."""

from __future__ import annotations

from typing import Any

import autodiff as ad

#: function -> argument -> its rule's maker
VJPS: dict[Any, dict[int, Any]] = {}


def primitive(f: Any) -> Any:
    """A function whose inside is not recorded."""

    def call(*args: Any, **kwargs: Any) -> Any:
        places = [k for k, a in enumerate(args) if isinstance(a, ad.Tensor)]
        if not places:
            return f(*args, **kwargs)
        if call not in VJPS:
            raise NotImplementedError(f"{call.__name__} has no VJP")

        def run(*given: Any) -> Any:
            full = list(args)
            for k, a in zip(places, given, strict=True):
                full[k] = a
            answer = f(*full, **kwargs)

            def rule(g: Any) -> Any:
                found = []
                for k in places:
                    maker = VJPS[call].get(k)
                    found.append(None if maker is None else maker(answer, *full, **kwargs)(g))
                return found[0] if len(found) == 1 else tuple(found)

            return answer, rule

        return ad.custom_gradient(run)(*(args[k] for k in places))

    call.__name__ = getattr(f, "__name__", "primitive")
    return call


def defvjp(fun: Any, *makers: Any, argnums: Any = None) -> None:
    """Give arguments their rules."""
    places = range(len(makers)) if argnums is None else argnums
    VJPS.setdefault(fun, {}).update(zip(places, makers, strict=False))


__all__ = ["VJPS", "defvjp", "primitive"]
