import { foldCase } from "../fold-case.js";

/**
 * Groups of related words, one line each, with English, German, French, Spanish and Italian mixed. A word that ends in
 * `-` matches all words that begin with it.
 */
const lines = `
light- lamp- bulb- lumin- bright- dim- dark- glow licht- lampe- leucht- beleucht- hell heller dunkel- lumière- éclair- ampoule- sombre luz luces ilumin- bombilla- oscur- luce luci lampad- illumin- buio
blind- shutter- curtain- shade- awning- jalousie- rollo- rolll- vorhang- vorhäng- markise- store- volet- rideau- persiana- cortina- toldo- tapparell- tenda tende telo
heat- heater- warm- hot radiator- thermostat- freezing chilly heiz- wärm- frier- kalt chauff- chaud- froid- radiateur calef- calient- frío calor riscald- caldo calda freddo termosifon-
cool- cold- fridge- refriger- freez- conditioner- kühl- kalt- klima- froid- frais réfrig- climatis- frío enfri- nevera frigo- fredd- raffredd- condizion-
temperatur- degree- thermomet- warm cold hot grad celsius températur- degré- grado- temperatur- gradi
humid- moist- damp- dry luftfeucht- feucht- trocken- humidité- humide- sec humed- húmed- seco umid- secc-
air- ventil- vent- fan fans stuffy fresh luft- lüft- ventilat- aér- aérat- aire ventilador- aria ventol-
door- gate- lock- unlock- latch- tür- tor schloss verriegel- entriegel- abschließ- aufschließ- porte- portail- verrou- serrure- puerta- cerradura- portón porta porte serratur- cancello
window- fenster- fenêtre- ventana- finestr-
alarm- siren- security- burglar- intrud- alarm- einbrech- alarme- sirène- alarma- sirena- allarm-
camera- photo- picture- snapshot- film- kamera- foto- bild- caméra- appareil cámara- fotograf- fotocamer-
music- song- radio- play- listen- sound- tune- station- jazz musik- lied- hör- spiel- sender- musique- chanson- écout- jou- música- canci- escuch- emisora- musica- canzon- ascolt- suon-
volume- loud- quiet- silent- mute- laut- leise- stumm- fort silenc- bruit- volumen- alto bajo silenci- silenz- rumor-
television- tv screen- display- monitor- fernseh- bildschirm- anzeig- télé- écran- affich- pantalla- televis- schermo-
timer- countdown- stopwatch- remind- alarm- wecker- kurzzeit- erinner- minuteur- minuterie- rappel- réveil- temporizador- recorda- recuérda- despertador promemoria- ricorda- sveglia-
clock- time uhr- uhrzeit- heure- horloge- hora- reloj- ora orologio-
note- message- memo- board- post- notiz- nachricht- zettel- pinnwand- notier- message- note mot tableau nota- mensaje- tablón mensaj- apunt- messaggio- bacheca- annot- appunt-
list- shopping- groceries- buy- liste- einkauf- kauf- courses achat- achet- lista- compra- compr- spesa- acquist-
calendar- appointment- event- schedul- meeting- termin- kalender- verabred- rendez calendrier- agenda- cita- reunión- calendario- appuntament- riunion-
weather- forecast- rain- wind- sunny wetter- vorhersage- regn- météo- pluie- pleuv- tiempo lluvia- llover- meteo piogg- piov-
water- irrigat- sprinkl- drip- thirsty dry wilt- soak- wasser- gieß- bewässer- tropf- durst- arros- irrig- eau soif goutte- riego riega- riegue- regar- agua sed annaff- irrig- acqua sete innaff-
soil- ground- earth- erde- boden- sol terre- suelo- tierra- suolo terra terreno terricci-
plant- flower- crop- seedling- herb- pflanz- blume- setzling- kräuter- plante- fleur- semis herbe- plant- flor- hierb- piant- fior- erb- semin-
fertiliz- nutrient- feed- dung- dünge- nähr- engrais- nourr- fertil- abon- nutri- concim- fertilizz-
valve- tap faucet- ventil- hahn vanne- robinet- válvul- grifo- valvol- rubinett-
pump- pomp- bomba-
tank- reservoir- level- barrel- tank- füllstand- behälter- cuve- réservoir- niveau- tanque- depósito- nivel- serbatoi- livell- cistern-
leak- flood- leck- undicht fuite- inond- fuga- perdita-
power- electric- energy- current- consum- watt- socket- plug- outlet- strom- energie- steckdose- verbrauch- électric- énergie- prise- consomm- courant electric- energía- enchufe- consum- corriente elettric- energia presa consumo corrente
battery- charg- batterie- akku- lad- batería- carg- batteria- caric- recharg-
solar- sun- panel- sonne- solaire- soleil- sol solar- sole pannell-
robot- vacuum- clean- sweep- mop- dust- dirty crumbs staubsaug- saug- putz- reinig- sauber- schmutz- staub aspir- nettoy- propre- sale poussière- robot- aspirad- limpi- sucio polvo pul- aspirapolver- sporc- polver-
wash- laundry- washing- wasch- wäsche- lav- linge- lessive- lavad- ropa- lavatric- bucato-
oven- bake- cook- stove- hob ofen- back- koch- herd- four cuisin- cuire- cuisson- horno- cocin- hornear forno- cuoc- cucin- fornell-
coffee- espresso- kaffee- café- cafetera- caffè-
order- bestell- auftrag- command- pedido- pedir ordin-
price- cost- how expensive cheap preis- kost- teuer prix- coût- coûte- cher precio- cuesta- caro prezzo- costa- costo
pay- card cash bill- receipt- invoice- zahl- bezahl- karte bar rechnung- quittung- beleg- pay- carte espèces reçu- facture- ticket- pag- tarjeta- efectivo recibo- factura- carta contant- ricevut- fattur- scontrin-
ticket- admission- entry fahrkart- eintritt- billet- entrada- boleto- bigliett-
reserv- book- seat- table reservier- buch- platz- plätze réserv- place- siège- asiento- plaza- prenot- posto posti sedi-
print- label- copy- copies drucke- ausdruck- druckt- etikett- kopie- imprim- étiquet- copie- imprim- etiquet- copia- stamp- etichett-
stock- inventory- supply- supplies- shelf- store- lager- bestand- vorrat- regal- stock- inventaire- réserve- étagère- existencias inventario- almacén- estante- magazzin- scort- inventari- scaffal-
customer- guest- visitor- client- kunde- gast gäste besuch- visiteur- invité- cliente- huésped- visitant- ospit- visitator-
staff- employee- colleague- helper- assist- help- mitarbeiter- personal- kolleg- hilf- employé- personnel- collègue- aide- empleado- personal- compañer- ayud- impiegat- personale- colleg- aiut-
opening- hours opens closes schedule- öffnungszeit- geöffnet horaire- ouvert- horario- abiert- orari- apert-
map- route- direction- way where find navigat- karte weg wegbeschreib- plan chemin- itinéraire- mapa- camino- ruta- mappa- strada- percors-
menu- dish- meal- food- drink- speise- gericht- essen- getränk- carte plat- repas- boisson- comida- plato- bebida- cibo- piatt- bevand-
language- translat- sprache- übersetz- langue- tradu- idioma- traduc- lingua- lingue- traduzion- traduc-
machine- engine- motor- drive- spindle- lathe- mill- maschine- antrieb- dreh- fräs- machine- moteur- broche- tour máquin- motor- torno- macchin- motore- mandrin- tornio-
speed- fast slow rpm tempo geschwindig- schnell- langsam- drehzahl- vitesse- rapide- lent- velocidad- rápid- lent- velocit- veloc-
drill- bore- hole- bohr- perc- trou- taladr- agujer- trapan- foro fori
saw- cut- cutt- blade- säge- schneid- scie- coup- lame- sierra- cort- cuchill- sega- tagli- lama lame
weld- solder- schweiß- löt- soud- sold- sald-
compress- pressure- pneumat- kompress- druckluft- druck compresseur- pression- compres- presión- compressor- pression-
extract- dust- fume- smoke- absaug- rauch- dampf aspir- fumée- extrac- humo- aspir- fum-
tool- wrench- screw- bolt- werkzeug- schraub- outil- vis clé herramient- tornill- attrezz- vit- utensil-
part- piece- component- workpiece- teil- werkstück- pièce- pieza- pezz- compon-
count- number how many zähl- anzahl wie viele compt- nombre combien cont- cuánt- número cont- quant- numero
measur- meter- gauge- sensor- read- check- mess- fühler- ables- mesur- capteur- relev- lis- med- sensor- lee- leer misur- sensor- legg- rilev-
weigh- weight- scale- wieg- gewicht- waage- pes- poids- balance- pes- báscul- pes- bilanci-
length- width- height- size- long wide tall länge- breite- höhe- größe- longueur- largeur- hauteur- taille- largo ancho alto tamaño lunghezz- larghezz- altezz- dimension-
maintenanc- service- repair- oil- lubric- wartung- reparier- repar- öl schmier- entretien- répar- huile- graiss- manten- repar- aceite- lubric- manutenz- ripar- olio lubrific-
error- fault- broken- fail- warning- fehler- störung- kaputt defekt- erreur- panne- défaut- cassé- error- fallo- aver- rot- errore- guast- rott-
status- state- report- running condition- zustand- stand läuft bericht- état- marche rapport- estado- informe- funciona- stato- rapporto- funziona-
log- diary- journal- record- entry- observ- tagebuch- protokoll- eintrag- einträge- notier- beobacht- journal- carnet- inscri- consign- enregistr- diario- registro- registr- anot- observ- diario- registr- annot- osserv-
emergency- danger- stop- safety- notfall- gefahr- notaus- urgence- danger- arrêt- emergencia- peligr- emergenz- pericol-
call- phone- ring- contact- anruf- telefon- klingel- appel- téléphon- sonn- llam- teléfono- chiam- telefon- suoner-
mail- email- letter- send- brief- schick- sende- courrier- lettre- envoi- envoy- correo- carta- envía- enviar posta- letter- invi- mand-
car- vehicle- garage- parking- auto- fahrzeug- parkplatz- voiture- véhicule- stationn- coche- vehículo- aparc- macchina veicol- parchegg-
elevator- lift- floor- aufzug- fahrstuhl- stockwerk- ascenseur- étage- ascensor- planta- ascensor- piano
bath- shower- bad dusch- bain- douche- baño- ducha- bagno- docci-
pool- swim- schwimm- piscine- nag- piscina- nuot-
medic- pill- dose- doctor- medikament- tablette- arzt- médic- médecin- comprimé- medic- pastill- médico- medicin- pillol- dottor-
pulse- heart- blood- puls- herz- blut- cœur- sang- pulso- corazón- sangre- cuore- sangu- polso
animal- dog- cat- pet- tier- hund- katze- chien- chat- animal- perro- gato- mascot- cane- gatt- animal-
trash- waste- bin- garbage- recycl- müll- abfall- poubelle- déchet- basur- residu- rifiut- spazzatur-
internet- wifi- network- router- netz- wlan- réseau- red rete-
file- document- data- folder- datei- dokument- ordner- fichier- dossier- document- archivo- carpeta- documento- cartell-
backup- save- store- sicher- speicher- sauvegard- enregistr- guard- copia salv- archivi-
update- version- install- aktualisier- mise jour actualiz- aggiorn-
search- find- look- such- cherch- trouv- busc- encontr- cerc- trov-
color- colour- farbe- couleur- color- colore-
package- parcel- deliver- shipment- paket- liefer- colis- livr- paquete- entrega- envío- pacc- consegn- spedi-
train- bus- departure- arrival- zug- abfahrt- ankunft- départ- arrivée- tren- autobús- salida- llegada- treno- partenz- arriv-
conveyor- belt- band- förder- convoyeur- tapis- cinta- nastr-
gas- smoke- carbon- dioxide- co2 kohlendioxid- carbone- gaz- carbono- gas- anidride- carbon-
noise- sound- lärm- geräusch- bruit- ruido- rumor-
fan- propell- gebläse- lüfter- ventilateur- ventilador- ventol- ventilator-
`;

/** Verbs of tools, one line per kind of act. */
const acts = `
set sets change- adjust- regulat- put raise- lower- increas- decreas- reduc- make modif- stell- einstell- änder- dreh- setz- erhöh- senk- regl- règl- ajust- chang- mets mettre augment- diminu- monte baisse pon ponme poner cambi- ajust- sube baja impost- regol- metti alza abbass-
read reads tell tells show shows check checks report- get gets look list lists find see lies lese- zeig- sag prüf- meld- auskunft dis dit lis montr- vérifi- donne indiqu- dime muestr- lee leer compruba consult- leggi dimmi mostr- controll- dammi
start starts begin- launch- run runs activ- enabl- resum- startet starte- beginn- anlass- fortsetz- démarr- commenc- lanc- reprend- arranc- inici- empiez- comienz- reanud- avvi- inizi- ripren-
stop stops pause- halt- end ends cancel- abort- disabl- deactiv- interrupt- stopp- anhalt- beend- abbrech- unterbrech- arrêt- coup- annul- interromp- suspend- par- detén detener deten- cancel- ferm- arrest- sospend- pausa pause
open opens opened öffn- aufmach- ouvr- abr- apr-
close closes closed shut shuts schließ- zumach- ferm- cierr- cerr- chiud-
switch switches turn turns schalt- ein aus an allum- étein- éteign- enciend- encend- apag- accend- spegn-
add adds append- hinzu- füg- ajout- añad- agreg- aggiung-
write writes record- log logs note notes regist- schreib- notier- eintrag- trag- écri- inscri- not- escrib- anot- apunt- scriv- annot- segn-
order orders buy buys sell- request- bestell- kauf- verkauf- command- achet- vend- pid- pedir compr- vend- ordin- compr-
book books reserv- rent rents hire- buch- reservier- miet- réserv- lou- reserv- alquil- prenot- affitt- noleggi-
print prints druck- ausdruck- imprim- stamp-
call calls summon- notif- alert- ruf- hol- appel- prév- llam- avis- chiam- avvis-
move moves drive- draw- fahr- beweg- déplac- boug- muev- mover spost- muov-
play plays spiel- jou- toc- reproduc- suon- riproduc-
remind- erinner- rappel- record- recuérd- ricord-
send sends schick- send- envoi- envoy- envi- mand- invi-
lock locks verriegel- abschließ- verrouill- cierra bloque- blocc-
unlock- entriegel- aufschließ- déverrouill- desbloque- sblocc-
clean cleans putz- reinig- nettoy- limpi- pul-
count counts zähl- compt- cuent- cont-
measur- mess- miss mesur- mid- misur-
`;

const exact = new Map<string, number[]>();
const beginnings: [stem: string, thing: number][] = [];
for (const [thing, line] of `${lines.trim()}\n${acts.trim()}`.split("\n").entries()) {
  for (const entry of line.split(" ")) {
    const word = foldCase(entry.replace(/-$/, ""), "plain");
    if (entry.endsWith("-") && word.length > 3) beginnings.push([word, thing]);
    else exact.set(word, [...(exact.get(word) ?? []), thing]);
  }
}

/** The kind of act that a question asks for: reading and reporting. */
export const READING = thingsOf("read")[0] ?? -1;

/** Returns the groups that a folded word belongs to, as numbers. */
export function thingsOf(word: string): readonly number[] {
  const things = new Set(exact.get(word) ?? []);
  for (const [stem, thing] of beginnings) if (word.startsWith(stem)) things.add(thing);
  return [...things];
}
