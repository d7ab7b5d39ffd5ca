"""The networks used on ImageNet, as torchvision builds them. Each takes colour images of 64 pixels a side or more."""

from torch import nn

from engine.training.models.seeded_dropout import own_dropout


def vgg16_bn(_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556."""
    from torchvision.models import vgg16_bn

    return own_dropout(vgg16_bn(num_classes=classes))


def resnet18(_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """He et al. 2016, https://arxiv.org/abs/1512.03385."""
    from torchvision.models import resnet18

    return own_dropout(resnet18(num_classes=classes))


def resnet50(_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """He et al. 2016, https://arxiv.org/abs/1512.03385."""
    from torchvision.models import resnet50

    return own_dropout(resnet50(num_classes=classes))


def vit_s32(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929: 12 layers of width 384, 6 heads, patches of 32×32 pixels."""
    from torchvision.models import VisionTransformer

    return own_dropout(VisionTransformer(shape[1], 32, 12, 6, 384, 1536, num_classes=classes))
