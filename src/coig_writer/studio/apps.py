from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "coig_writer.studio"
    label = "studio"
