from django.urls import path

from . import views_award as award
from . import views_evaluation as evaluation
from . import views_opening as opening
from . import views_results as results

urlpatterns = [
    path("<int:pk>/opening/", opening.opening, name="opening"),
    path("<int:pk>/opening.csv", opening.opening_csv, name="opening_csv"),
    path("<int:pk>/opening/release/", opening.release_share, name="release_share"),
    path("<int:pk>/opening/open/", opening.open_bids, name="open_bids"),
    path("<int:pk>/check/", opening.check, name="check"),
    path("<int:pk>/opened/<int:bid>/", opening.opened_bid, name="opened_bid"),
    path("<int:pk>/opened/<int:bid>/files/<int:position>/", opening.opened_file, name="opened_file"),
    path("<int:pk>/fail/", opening.fail, name="fail"),
    path("<int:pk>/panel/", evaluation.panel, name="panel"),
    path("<int:pk>/panel/<int:seat>/recuse/", evaluation.recuse_member, name="recuse_member"),
    path("judging/", evaluation.judging, name="judging"),
    path("<int:pk>/judge/", evaluation.judge, name="judge"),
    path("<int:pk>/judge/declare/", evaluation.declare, name="declare"),
    path("<int:pk>/judge/recuse/", evaluation.recuse, name="recuse"),
    path("<int:pk>/judge/lots/<int:number>/", evaluation.sheet, name="sheet"),
    path("<int:pk>/judge/submit/", evaluation.submit, name="submit_scores"),
    path("<int:pk>/results/", results.results, name="results"),
    path("<int:pk>/results.csv", results.results_csv, name="results_csv"),
    path("<int:pk>/results/compute/", results.compute, name="compute"),
    path("<int:pk>/results/reopen/", results.reopen, name="reopen"),
    path("<int:pk>/award/", award.award, name="award"),
    path("letters/<uuid:receipt>/", award.letter, name="letter"),
    path("letters/<uuid:receipt>/letter.pdf", award.letter_pdf, name="letter_pdf"),
]
