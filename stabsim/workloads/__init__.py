"""Small workloads on which training is seen to fail: one function makes each."""

from stabsim.workloads.any_block import any_block as any_block
from stabsim.workloads.any_block import depth_profile as depth_profile
from stabsim.workloads.any_surface import any_surface as any_surface
from stabsim.workloads.characters import character_model as character_model
from stabsim.workloads.conv import resnet as resnet
from stabsim.workloads.digits import digits as digits
from stabsim.workloads.examples import clean_net as clean_net
from stabsim.workloads.examples import noisy_net as noisy_net
from stabsim.workloads.examples import on_test_digits as on_test_digits
from stabsim.workloads.examples import sharp_net as sharp_net
from stabsim.workloads.examples import small_sharp_net as small_sharp_net
from stabsim.workloads.examples import steep_net as steep_net
from stabsim.workloads.mlp import mlp as mlp
from stabsim.workloads.residual import residual_mlp as residual_mlp
from stabsim.workloads.synthetic import quadratic as quadratic
from stabsim.workloads.synthetic import surface as surface
from stabsim.workloads.transformer import transformer as transformer
from stabsim.workloads.workload import Batch as Batch
from stabsim.workloads.workload import Workload as Workload
from stabsim.workloads.workload import smoothed_cross_entropy as smoothed_cross_entropy
from stabsim.workloads.workload import with_label_noise as with_label_noise
from stabsim.workloads.workload import with_outliers as with_outliers

__all__ = [
    "Batch",
    "Workload",
    "any_block",
    "any_surface",
    "character_model",
    "clean_net",
    "depth_profile",
    "digits",
    "mlp",
    "noisy_net",
    "on_test_digits",
    "quadratic",
    "residual_mlp",
    "resnet",
    "sharp_net",
    "small_sharp_net",
    "smoothed_cross_entropy",
    "steep_net",
    "surface",
    "transformer",
    "with_label_noise",
    "with_outliers",
]
