"""The simulated Entra tenant of `rollcall sandbox`, told by its control API what happens to people."""

# Transport and start are filled in against the sandbox's real control API.


class Tenant:
    pass
