"""Small workloads on which training is seen to fail: one function makes each."""

from stabsim.workloads.conv import resnet as resnet
from stabsim.workloads.digits import digits as digits
from stabsim.workloads.mlp import mlp as mlp
from stabsim.workloads.residual import residual_mlp as residual_mlp
from stabsim.workloads.synthetic import quadratic as quadratic
from stabsim.workloads.synthetic import surface as surface
from stabsim.workloads.transformer import transformer as transformer
from stabsim.workloads.workload import Batch as Batch
from stabsim.workloads.workload import Workload as Workload
from stabsim.workloads.workload import with_label_noise as with_label_noise
from stabsim.workloads.workload import with_outliers as with_outliers
