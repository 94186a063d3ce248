"""What machines ask the portal. It stands on nothing of its own, so alive is ready."""

from fastapi import APIRouter

router = APIRouter()


@router.get("/livez")
@router.get("/readyz")
async def livez() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "alive"}
