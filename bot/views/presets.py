"""The buttons of the policy's presets, in the App Home and at the top of the form."""

from collections.abc import Sequence

from bot.domain.policy.presets import Preset
from bot.ports import Block
from bot.views import action_ids, block_kit


def buttons(presets: Sequence[Preset], *, inside_form: bool = False) -> list[Block]:
    """One row with a button for each preset, as many as a row takes; nothing where there are none.

    Args:
        presets: in the order of the policy.
        inside_form: the form that a button opens lies on top of the one that it is in.
    """
    action = action_ids.PRESET_PUSH if inside_form else action_ids.PRESET_OPEN
    row = [
        # Slack wants another action id for every button of a row.
        block_kit.button(preset.name, action=f"{action}.{number}", value=preset.name)
        for number, preset in enumerate(presets[: block_kit.ACTIONS])
    ]
    return [block_kit.actions(*row)] if row else []
