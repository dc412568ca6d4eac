"""What PHITrainer is given, checked and made whole: its records, its plan, and the forms of its batches and loss.

The app's run gives steps and courses; for a person's own script `own_script` lays out what is not given.
"""

from dataclasses import dataclass
from typing import Any

from transformers import TrainingArguments

from phi_core.errors import ConfigError
from phi_core.planning.courses import Courses
from phi_core.planning.step_plan import StepPlan
from phi_core.training.attempt import Collate
from phi_core.training.batches import padded, padding_free
from phi_core.training.live_values import lora_dropouts
from phi_core.training.loss import Loss, choose_loss, keeps_documents_apart
from phi_core.training.own_script import ScriptPlan, script_plan
from phi_core.training.step_data import Records, records_of, require_known_ids


@dataclass(frozen=True)
class Given:
    """What a caller may lay out; None where it is left to the arguments, `phi_config` and the data."""

    phi_config: Any
    steps: StepPlan | None
    courses: Courses | None
    batch_size: int | None


def known_records(model: Any, train_dataset: Any, eval_dataset: Any) -> tuple[Records, Records | None]:
    """Both sides. DataError for a row that cannot be trained on, or has an id that the model does not know."""
    train, validation = records_of(train_dataset), validation_records(eval_dataset)
    vocabulary = int(model.get_input_embeddings().weight.shape[0])
    for data in filter(None, (train, validation)):
        require_known_ids(data, vocabulary)
    return train, validation


def validation_records(dataset: Any) -> Records | None:
    """None where there is nothing in it."""
    return records_of(dataset) if dataset is not None and len(dataset) else None


def trainer_plan(model: Any, args: TrainingArguments, data: Records, given: Given) -> ScriptPlan:
    """What is given, completed. ConfigError if it does not go together."""
    steps, courses, batch_size = given.steps, given.courses, given.batch_size
    if steps is None or courses is None:
        rate = max((module.p for module in lora_dropouts(model)), default=0.0)
        plan = script_plan(args, given.phi_config, data, lora_dropout=rate, steps=steps)
        steps, courses = plan.steps, courses or plan.courses
        batch_size = batch_size or plan.micro_batch
    micro_batch = batch_size or args.per_device_train_batch_size
    return ScriptPlan(steps, required_length(courses, steps), micro_batch)


def chosen_forms(model: Any, collate: Collate | None, loss: Loss | None) -> tuple[Collate, Loss]:
    """Batches and loss: where none is given the fast ones, if they are found equal to the slow ones on this model."""
    if collate is None or loss is None:
        model.eval()
    loss = loss or choose_loss(model)[0]
    return collate or (padding_free if keeps_documents_apart(model) else padded), loss


def required_length(courses: Courses, steps: StepPlan) -> Courses:
    """ConfigError if the courses are not as long as the plan."""
    lengths = {len(courses.learning_rate), len(courses.lora_dropout), len(courses.weight_decay)}
    if lengths != {steps.num_steps}:
        raise ConfigError(f"courses of {sorted(lengths)} steps do not fit a plan of {steps.num_steps}")
    return courses
