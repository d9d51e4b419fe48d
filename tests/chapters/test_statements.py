"""What the pages say of their cells' runs, as they are computed here.

What takes long is tested in the long tier; of all, ``tests/test_portable.py`` tests that what was
measured holds, and is of the same code.
"""

import pytest

from claims.portable import PAGES
from claims.statement import AS_DRAWN
from claims.statements import (
    batch_size,
    clipping,
    fixes,
    instability,
    metaparameter,
    optimizers,
    transformers,
    warmup,
)

LONG = {
    instability.the_two_networks_differ_at_high_rates,
    instability.the_labs_rate_lies_between_the_two_edges,
    optimizers.one_rate_is_fair_to_none,
    batch_size.two_shared_rates_give_opposite_verdicts,
    batch_size.three_regions_in_the_lab,
    batch_size.momentum_goes_further_down_with_large_batches_only,
    warmup.the_perceptrons_best_rate,
    warmup.the_patient_is_limited_by_instability,
    warmup.warmup_bears_ten_times_the_unstable_rate,
    warmup.forty_more_steps_do_not_explain_it,
    warmup.a_ramp_may_fail_late,
    warmup.a_healthy_net_has_no_need,
    clipping.clipping_mends_a_steep_start,
    clipping.curvature_falls_with_the_norm_and_more_slowly,
    clipping.with_clipping_this_net_has_no_need_of_warmup,
    clipping.a_smaller_rate_ends_lower_than_any_product,
    clipping.strategies_on_outliers_alone,
    *fixes.STATEMENTS,
    *transformers.STATEMENTS,
    metaparameter.a_well_set_process_needs_few_runs,
    metaparameter.a_short_process_forgets_and_a_long_one_is_sure,
    metaparameter.a_credulous_search_tries_both_ends_and_then_repeats_itself,
}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(said, marks=pytest.mark.long) if said in LONG else said
        for statements in PAGES.values()
        for said in statements
    ],
    ids=lambda said: f"{said.__module__.rsplit('.')[-1]}-{said.__name__}",
)
def test_a_page_is_right_where_it_is_built(said):
    statements = list(said(AS_DRAWN))
    assert statements
    assert not [one for one in statements if not one.holds]
