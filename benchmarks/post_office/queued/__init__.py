"""django-post_office as a mail queue: settings and a driver. Run by `clarion bench compare`."""
