"""One endpoint."""

from django.urls import path

from textbook.views import SendView

urlpatterns = [path("notifications/", SendView.as_view())]
