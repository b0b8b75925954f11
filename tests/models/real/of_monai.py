"""Real models of MONAI, small and with random weights. None of them has anything wrong with it."""

from monai.networks import nets


def unet():
    return nets.UNet(spatial_dims=2, in_channels=1, out_channels=2, channels=(4, 8, 16), strides=(2, 2), num_res_units=1)


def basic_unet():
    return nets.BasicUNet(spatial_dims=2, in_channels=1, out_channels=2, features=(4, 4, 8, 8, 16, 4))


def attention_unet():
    return nets.AttentionUnet(spatial_dims=2, in_channels=1, out_channels=2, channels=(4, 8, 16), strides=(2, 2))


def densenet():
    return nets.DenseNet(spatial_dims=2, in_channels=1, out_channels=3, init_features=8, growth_rate=4, block_config=(2, 2))


def segresnet():
    return nets.SegResNet(spatial_dims=2, init_filters=8, in_channels=1, out_channels=2, blocks_down=(1, 1), blocks_up=(1,))


def autoencoder():
    return nets.AutoEncoder(spatial_dims=2, in_channels=1, out_channels=1, channels=(4, 8), strides=(2, 2))


def variational_autoencoder():
    return nets.VarAutoEncoder(
        spatial_dims=2, in_shape=(1, 32, 32), out_channels=1, latent_size=4, channels=(4, 8), strides=(2, 2)
    )


def vit():
    return nets.ViT(
        in_channels=1, img_size=(32, 32), patch_size=(8, 8), hidden_size=32, mlp_dim=64, num_layers=2, num_heads=2, spatial_dims=2
    )


def senet():
    return nets.SEResNet50(spatial_dims=2, in_channels=3, num_classes=4)


def highresnet():
    return nets.HighResNet(spatial_dims=2, in_channels=1, out_channels=2)
